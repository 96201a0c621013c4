printf '{"prompt":"p","chosen":"a","rejected":"b"}\n{"prompt":"p","chosen":"a","rejected":"c"}\n{"prompt":"p","chosen":"b","rejected":"a"}\n' >in.jsonl
pair2bin in.jsonl; pair2bin --conflicts drop --balance none in.jsonl

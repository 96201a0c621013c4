printf '{"prompt":"p","chosen":"a","rejected":"b"}\n{"prompt":"p","chosen":true,"rejected":"b"}\n{"prompt":"p","chosen":"a","rejected":""}\n' >in.jsonl
pair2bin --rejects bad.jsonl in.jsonl; cat bad.jsonl

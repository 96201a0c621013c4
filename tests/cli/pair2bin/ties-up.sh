cat >in.jsonl <<'END'
{"prompt":"p","response_a":"x","response_b":"y","preference":"a"}
{"prompt":"q","response_a":"x","response_b":"y","preference":"B "}
{"prompt":"r","response_a":"x","response_b":"y","preference":2}
{"prompt":"s","response_a":"x","response_b":"y","preference":"0"}
END
pair2bin --balance none --ties up in.jsonl

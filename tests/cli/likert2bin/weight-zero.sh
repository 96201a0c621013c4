cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5,"weight":0}
{"prompt":"p","response":"b","rating":1}
END
likert2bin --balance weight in.jsonl

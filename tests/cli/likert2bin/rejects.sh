cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5}
not JSON
{"prompt":"p","response":"b","rating":9}
{"prompt":"p","response":"c","rating":1}
{"prompt":"p"

{"prompt":"p","response":"d","rating":1,"rating":2}
END
likert2bin --rejects bad.jsonl in.jsonl; cat bad.jsonl

# A completion makes no pair with its own text: the best of what is left.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5}
{"prompt":"p","response":"a","rating":1}
{"prompt":"p","response":"b","rating":2}
{"prompt":"q","response":"a","rating":5}
{"prompt":"q","response":"a","rating":1}
END
likert2pair in.jsonl

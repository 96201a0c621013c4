echo '{"prompt":"p","response":"a","rating":5}' >one.jsonl; echo '{"prompt":"p","response":"a","rating":1}' >two.jsonl
likert2bin --conflicts error one.jsonl two.jsonl

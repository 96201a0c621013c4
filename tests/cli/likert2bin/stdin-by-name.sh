echo '{"prompt":"p","response":"a","rating":5}' >one.jsonl; echo '{"prompt":"p","response":"b","rating":1}' | likert2bin one.jsonl -

echo '{"prompt":"p"}' >in.jsonl; likert2bin --rejects bad.jsonl in.jsonl; code=$?; cat bad.jsonl; exit $code

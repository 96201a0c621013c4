# The good elements before the break are no output; the bad one is a reject all the same.
echo '[{"prompt":"p","response":"a","rating":5},{"prompt":"p"},{"prompt":"p","response":"b","rating":1}' >in.json
likert2bin --rejects bad.jsonl -o out.jsonl in.json; code=$?; ls; cat bad.jsonl; exit $code

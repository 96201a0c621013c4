printf '%s\n' '{"prompt":"p","winner":"a"}' '{"prompt":"p","winner":"A"}' '{"prompt":"q","winner":"b"}' | bco-winrate --json --rejects bad.jsonl
cat bad.jsonl

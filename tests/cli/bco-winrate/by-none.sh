printf '%s\n' '{"prompt":"a","winner":"a","g":1}' '{"prompt":"b","winner":null,"g":2}' '{"prompt":"c","winner":"b","g":1}' >v.jsonl
bco-winrate --by g --power 10 v.jsonl
bco-winrate --by g --json v.jsonl
bco-winrate --by g --vs v.jsonl v.jsonl
grep null v.jsonl | bco-winrate --by g
echo "exit code $?"

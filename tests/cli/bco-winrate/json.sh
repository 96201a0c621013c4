printf '%s\n' '{"prompt":"p","winner":"a","kind":"x"}' '{"prompt":"q","winner":"tie","kind":"x"}' '{"prompt":"q","winner":"b","kind":2}' >v.jsonl
bco-winrate --json v.jsonl
bco-winrate --json --by kind v.jsonl
bco-winrate --json --se iid --level 0.5 v.jsonl
bco-winrate --json --bootstrap 200 --seed 1 -j 1 v.jsonl >one
bco-winrate --json --bootstrap 200 --seed 1 -j 4 v.jsonl >four
cmp one four

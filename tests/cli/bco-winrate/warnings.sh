printf '%s\n' '{"prompt":"p","winner":"a","judge":"x"}' '{"prompt":"p","winner":"a","judge":"x"}' '{"prompt":"p","winner":"a","judge":"y"}' >v.jsonl
bco-winrate v.jsonl
bco-winrate -q --json v.jsonl
printf '%s\n' '{"prompt":"p","winner":"tie"}' '{"prompt":"q","winner":"tie"}' | bco-winrate --json

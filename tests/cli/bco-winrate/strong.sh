printf '%s\n' '{"prompt":1,"winner":"A>>B"}' '{"prompt":2,"winner":"B>A"}' '{"prompt":3,"winner":"A=B"}' '{"prompt":4,"winner":"A>B"}' '{"prompt":5,"winner":"B>>A"}' '{"prompt":6,"winner":"A>>B"}' >v.jsonl
bco-winrate v.jsonl
bco-winrate --strong-weight 3 v.jsonl
bco-winrate --strong-weight 3 --json --interval wilson v.jsonl
printf '%s\n' '{"prompt":1,"winner":"a"}' '{"prompt":2,"winner":"a"}' | bco-winrate --interval wilson

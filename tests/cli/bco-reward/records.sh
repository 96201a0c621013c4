# The reference itself has rewards of 0; without ref_id, and with ref_logp 0, the reward is beta * logp.
M=$ROOT/examples/demo/model
short() { sed -E 's/(-?[0-9]+\.[0-9]{3})[0-9]*/\1/g'; }
bco-refcache -q -m "$M" "$ROOT/examples/data/records.jsonl" >ref.jsonl
bco-reward -m "$M" ref.jsonl | grep -o '"label.*' | sed 's/"ref_id":"[^"]*"/"ref_id":"..."/' | short
sed 's/"ref_logp".*/"ref_logp":0,"note":[1.0]}/' ref.jsonl >zero.jsonl
bco-reward -q -m "$M" --beta 0.5 zero.jsonl >half.jsonl
paste ref.jsonl half.jsonl | sed -E 's/.*"ref_logp":(-[0-9.]+).*"reward":(-[0-9.]+).*/\1 \2/' | awk '{ d = $1 / 2 - $2; print NR, d * d < 1e-10 ? "equal" : d }'
bco-reward -q -m "$M" --batch-tokens 1 -j 1 zero.jsonl | short >one
bco-reward -q -m "$M" -j 2 zero.jsonl | short >two
cmp one two
bco-reward -m "$M" --summary -o none zero.jsonl && head -n 8 none
bco-reward -q -m "$M" --summary --json --threshold -1 zero.jsonl | short

# From two models and a file of prompts to a win rate at equal length, by a reward model.
command -v jq >/dev/null || { echo "no jq"; exit 77; }
M=$ROOT/examples/demo/model
bco-train -q -m "$M" -o rm --head --lr 1e-3 --steps 20 --batch 4 "$ROOT/examples/data/records.jsonl"
bco-refcache -q -m "$M" "$ROOT/examples/data/records.jsonl" | bco-train -q -m "$M" -o aligned --lr 1e-3 --steps 10 --batch 4 --shift batch
bco-generate -q -m "$M" "$ROOT/examples/data/questions.jsonl" -o a.jsonl
bco-generate -q -m aligned "$ROOT/examples/data/questions.jsonl" -o b.jsonl
bco-judge -q --reward-model rm b.jsonl a.jsonl | bco-winrate --length-control --json >rate
jq -c '[.n, .clusters, .invalid, (.low < .win_rate and .win_rate < .high), (.length_controlled | .low < .win_rate and .win_rate < .high and .overlap > 0)]' rate
# The other way round it is the complement.
bco-judge -q --reward-model rm a.jsonl b.jsonl | bco-winrate --json | jq .win_rate >other
jq .win_rate rate | paste - other | awk '{ print $1 + $2 }'

# A reward model with a LoRA adapter, as bco-reward has it.
command -v jq >/dev/null || { echo "no jq"; exit 77; }
. "$ROOT/tests/cli/classifier.sh"
classifier rm
echo '{"prompt":"How do I reset my clock?","completion":"To reset the clock, hold its power button."}' >a
echo '{"prompt":"How do I reset my clock?","completion":"The weather is fine."}' >b
bco-judge -q --one-order --reward-model rm -a "$ROOT/examples/data/adapter" a b >with
bco-judge -q --one-order --reward-model rm a b >without
jq -r .judge with without
cmp -s with without || echo "other scores"
for side in a b; do bco-reward -q -m rm -a "$ROOT/examples/data/adapter" $side | jq -c .reward; done >want
jq -c .score_a,.score_b with | paste - want | awk '{ d = $1 - $2; if (d * d > 1e-10 * $2 * $2) print "differs", $0 }'

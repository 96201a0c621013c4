# --precision bf16: the scores of bco-reward with it, and the verdicts say so. Without bf16 in the processor: f32, with a warning.
command -v jq >/dev/null || { echo "no jq"; exit 77; }
. "$ROOT/tests/cli/classifier.sh"
classifier rm
echo '{"prompt":"How do I reset my clock?","completion":"To reset the clock, hold its power button."}' >a
echo '{"prompt":"How do I reset my clock?","completion":"The weather is fine."}' >b
bco-judge -q --one-order --reward-model rm --precision bf16 a b >bf16
bco-judge -q --one-order --reward-model rm a b >f32
jq -r .judge bf16 f32
for side in a b; do bco-reward -q -m rm --precision bf16 $side | jq -c .reward; done >want
jq -c .score_a,.score_b bf16 | paste - want | awk '{ d = $1 - $2; if (d * d > 1e-10 * $2 * $2) print "differs", $0 }'
jq -c .score_a,.score_b bf16 f32 | awk '{ s[NR] = $1 } END { for (i = 1; i < 3; i++) { d = s[i] - s[i + 2]; print d * d < 1e-2 ? "near" : d } }'

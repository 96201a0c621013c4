command -v jq >/dev/null || { echo "no jq"; exit 77; }
. "$ROOT/tests/cli/classifier.sh"
classifier rm
p() { for c; do echo "{\"id\":${c%%=*},\"prompt\":\"How do I reset my clock?\",\"completion\":\"${c#*=}\"}"; done; }
p '1=To reset the clock, hold its power button.' '2=Thanks.' '3=' '4=Same.' >a
p '4=Same.' '3=The weather is fine.' '2=To clean the radio, wipe it with a dry cloth.' '1=I like the color.' >b
cut_numbers() { sed -E 's/(-?[0-9]+\.[0-9]{3})[0-9]*/\1/g'; }
bco-judge --reward-model rm a b -o both
cut_numbers <both | sed 's/"prompt":"[^"]*",//'
# The scores are bco-reward's (batches of other sizes may change the last digits); the greater wins; an order changes nothing.
grep -v '""' a | bco-reward -q -m rm | jq -r '"\(.id) \(.reward)"' >scores
jq -r 'select(.order == "ab" and .id != 3) | "\(.id) \(.score_a)"' both >judged
cut_numbers <judged >short
cut_numbers <scores | cmp - short
jq -c 'select(.order == "ab") | .order = 0' both >ab
jq -c 'select(.order == "ba") | .order = 0' both | cmp - ab
jq -c 'select((.score_a > .score_b) != (.winner == "a") or (.score_a == .score_b) != (.winner == "tie"))' both
bco-judge -q --one-order --reward-model rm a b >one
jq -c 'select(.order == "ab")' both | cmp - one
# Batches and threads: the same to 1e-5, and equal answers tie whatever the batch.
bco-judge -q --one-order --reward-model rm --batch-tokens 1 -j 1 a b | cut_numbers >other
cut_numbers <one | cmp - other
bco-judge --reward-model rm a b | bco-winrate

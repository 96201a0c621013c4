# A classifier learns which completions are liked (those that hold token 9), also where the records are new to it.
. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
records() {
    awk -v seed="$1" 'BEGIN { srand(seed); for (i = 0; i < 64; i++) {
        up = rand() < 0.4; a = 10 + int(rand() * 40); b = 10 + int(rand() * 40)
        printf "{\"prompt_ids\":[3,%d],\"completion_ids\":[%d,%d,%d,2],\"label\":%s}\n", 4 + int(rand() * 5), a, up ? 9 : 8, b, up ? "true" : "false" } }'
}
records 1 >train.jsonl
records 2 >valid.jsonl
good() { jq -r 'if .auc > 0.95 and .accuracy > 0.9 then "told apart" else . end'; }
score() { bco-reward -q --ids --summary --json "$@" valid.jsonl | good; }
train() { bco-train -q --ids --head --batch 8 --epochs 6 --valid valid.jsonl "$@" train.jsonl; }

train -m m --lr 1e-3 -o whole
tail -n 1 whole/metrics.jsonl | jq -c keys
grep -A 2 architectures whole/config.json
grep -c 'beta' whole/README.md
grep '^# ' whole/README.md
score -m whole
train -m m --lr 1e-3 --loss bce -o bce
score -m bce
echo "an adapter:"
train -m m --lr 1e-2 --lora 4 -o adapter
grep -e library -e LoRA adapter/README.md
score -m m -a adapter
bco-merge -q -m m -a adapter -o merged
score -m merged
bco-reward -q -m m -a adapter --ids valid.jsonl | jq .reward >one
bco-reward -q -m merged --ids valid.jsonl | jq .reward >two
cmp one two && echo the same scores

echo "a classifier goes on, so does its adapter, and an adapter on it:"
train -m whole --lr 1e-4 -o more
train -m m -a adapter -o adapter2
train -m whole --lora 2 -o on-whole
train -m m -a adapter --lora 2 -o on-adapter
for first in more adapter2 on-whole on-adapter; do
    head -n 1 $first/metrics.jsonl | jq -r 'if .loss < 0.5 then "where it was" else .loss end'
done
score -m m -a on-adapter
score -m whole -a on-whole

echo "pairs:"
jq -c 'select(.label) | {prompt_ids, chosen_ids: .completion_ids, rejected_ids: [.completion_ids[0], 8, 2]}' train.jsonl >pairs.jsonl
bco-train -q --ids --head --batch 8 --epochs 8 -m m --lr 1e-3 -o pairs pairs.jsonl
bco-reward -q --ids --summary --json -m pairs valid.jsonl | jq '.auc > 0.95'

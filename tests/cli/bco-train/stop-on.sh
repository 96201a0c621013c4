# The best evaluation is the first with the highest accuracy, whatever the loss does.
. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
for i in 1 2 3 4 5 6 7 8; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $((i + 9)) $([ $((i % 3)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m m --ids -o ref.jsonl
train() { bco-train -m m --ids --lr 3e-3 --batch 4 --schedule constant --warmup 0 --eval-every 1 --valid ref.jsonl --steps 60 "$@" -o $out ref.jsonl; }
best() { jq -s -r "[.[] | select(.eval_loss)] | $1 | \"kept step \(.step)\"" "$out/metrics.jsonl"; }
kept() { sed -n 's/^| weights kept | of step \([0-9]*\), the \(.*\) |/kept step \1/p' "$out/README.md"; }
out=accuracy train --stop-patience 5 --stop-on accuracy 2>err
out=accuracy
[ "$(kept)" = "$(best 'max_by([."eval_rewards/accuracies", -.step])')" ] && echo "the highest accuracy's first"
grep -v '^bco-train: memory: ' err | sed -E 's/[0-9]+/N/g' | head -n 1
grep -o 'the highest.*[a-z]' accuracy/README.md
out=loss train -q --stop-patience 5 --stop-on loss
out=loss
[ "$(kept)" = "$(best 'min_by([.eval_loss, .step])')" ] && echo "the lowest loss's first"

# One delta a step, however it is cut.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

for tokens in 1 10 25 1000; do
    bco-train -q -m "$model" --ids --batch 8 --epochs 6 --lr 1e-3 --micro-tokens $tokens -o out$tokens ref.jsonl
    bco-refcache -q -m out$tokens --ids ref.jsonl -o final$tokens
    for what in loss delta grad_norm; do grep -o "\"$what\":[^,]*" out$tokens/metrics.jsonl | cut -d: -f2; done >numbers$tokens
done
for tokens in 10 25 1000; do
    paste -d ' ' numbers1 numbers$tokens | awk '{ d = $1 - $2; if (d < 0) d = -d; s = $1 < 0 ? -$1 : $1; if (d > 1e-5 * s + 1e-6) { print "differ", $0; exit 1 } }'
done
echo equal

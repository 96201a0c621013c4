# One step with a warm-up has a rate of 0, which is said; no figure is a negative zero.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%d}\n' $i $((i + 9)) $((i % 2))
done | bco-refcache -q -m "$model" --ids -o ref.jsonl
for warmup in 0.1 3 0; do
    bco-train -m "$model" --ids --warmup $warmup -o out$warmup ref.jsonl 2>err
    grep -c 'whose rate is 0' err
    grep -o '"learning_rate":[^,]*' out$warmup/metrics.jsonl
    cmp -s "$model/model.safetensors" out$warmup/model.safetensors || echo learnt
    grep -e ':-0[,}]' -e '| -0 |' out$warmup/metrics.jsonl out$warmup/README.md
done
grep 'whose rate is 0' err
bco-train -m "$model" --ids -o out ref.jsonl 2>&1 | grep 'whose rate is 0'

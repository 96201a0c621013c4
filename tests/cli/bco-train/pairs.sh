# A pair is one record of a batch, and an up and a down sample.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4; do
    printf '{"prompt_ids":[3,%d],"chosen_ids":[5,%d,2],"rejected_ids":[6,2]}\n' $i $((i + 9))
done | bco-refcache -q -m "$model" --ids -o ref.jsonl
bco-train -m "$model" --ids --batch 2 -o out ref.jsonl
grep -o '"samples/[a-z]*":[0-9]*' out/metrics.jsonl

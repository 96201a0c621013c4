# A batch that is not full is used as it is; --steps wins over --epochs.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

count() { rm -rf out; bco-train -q -m "$model" --ids "$@" -o out ref.jsonl; wc -l <out/metrics.jsonl; }
count --batch 3
count --batch 3 --epochs 2.5
count --batch 3 --epochs 0.1
count --batch 3 --epochs 9 --steps 2
grep -o '"learning_rate":[^,]*' out/metrics.jsonl

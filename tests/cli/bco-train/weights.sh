# A record of weight 0 does not count.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

sed -E '2s/"label"/"weight":0,"label"/;5s/"label"/"weight":2.5,"label"/' ref.jsonl >weighted
bco-train -q -m "$model" --ids --batch 8 --order given -o out weighted
grep -o '"samples/[a-z]*":[0-9]*' out/metrics.jsonl
sed -E '2s/"label"/"weight":-1,"label"/' ref.jsonl | bco-train -q -m "$model" --ids -o out2

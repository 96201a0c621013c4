# Rewards that do not start at 0 though ref_id names this model: a warning.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

sed -E 's/"ref_logp":-/"ref_logp":-1/' ref.jsonl | bco-train -m "$model" --ids --batch 4 --order given -o out 2>err
sed -E 's/-?[0-9]+\.[0-9]+/X/g' err

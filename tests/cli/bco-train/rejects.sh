[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

{ sed 3q ref.jsonl; echo '{"prompt_ids":[3,4],"completion_ids":[5],"label":"yes","ref_logp":-1}'; sed 1,3d ref.jsonl; } >some
bco-train -m "$model" --ids --batch 4 --rejects bad.jsonl -o out some
cat bad.jsonl

# Down records are skipped and counted; unlabelled ones and chosen completions are learned.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

{ cat ref.jsonl; echo '{"prompt_ids":[3,4],"completion_ids":[5]}'; echo '{"prompt_ids":[3,4],"chosen_ids":[5,2],"rejected_ids":[6]}'; } |
    bco-train -m "$model" --ids --loss sft --batch 3 --order given -o out
grep -c delta out/metrics.jsonl
grep -o '"samples/chosen":[0-9]*' out/metrics.jsonl

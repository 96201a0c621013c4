# References of another model.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

bco-train -q -m "$SHARED/golden/models/llama-bias" --ids -o out ref.jsonl 2>err; code=$?
sed -E 's/[0-9a-f]{8}/W/g' err
[ ! -e out ] || echo "a folder was left"
exit $code

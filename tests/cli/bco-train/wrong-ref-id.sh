# What differs is named; the limits are those of ref_id, and given ones must agree.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

for change in 's/"ref_id":"......../"ref_id":"00000001/' 's/"ref_id":"[^"]*"/"ref_id":"x"/' '3s/256[.]128[.]/100.50./'; do
    rm -rf out
    sed -E "$change" ref.jsonl | bco-train -q -m "$model" --ids -o out 2>&1 | sed -E 's/expected [0-9a-f]{8}/expected W/'
done
rm -rf out
bco-train -q -m "$model" --ids --max-length 20 -o out ref.jsonl
rm -rf out
{ head -n 2 ref.jsonl; sed -n 3p ref.jsonl | sed 's/-00000000-00000000-/-00000000-00000001-/'; } >mixed
bco-train -q -m "$model" --ids -o out mixed

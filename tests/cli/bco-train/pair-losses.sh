# Losses of pairs: a pair is one record; what needs a shift is absent; a binary record is an error, or a reject.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5; do
    printf '{"prompt_ids":[3,%d],"chosen_ids":[5,%d,2],"rejected_ids":[6,2]}\n' $i $((i + 9))
done | bco-refcache -q -m "$model" --ids -o pairs.jsonl
echo '{"prompt_ids":[3,4],"completion_ids":[5,2],"label":true}' | bco-refcache -q -m "$model" --ids -o binary.jsonl

for loss in dpo ipo nca; do
    bco-train -q -m "$model" --ids --loss $loss --batch 2 --valid pairs.jsonl -o $loss pairs.jsonl
    grep -v eval $loss/metrics.jsonl | grep -o '"samples/[a-z]*":[0-9]*' | tr '\n' ' '
    grep -c -e '"delta' -e shift -e error_term $loss/metrics.jsonl
    head -n 1 $loss/metrics.jsonl | grep -o '"loss":[0-9.]\{5\}'
done
bco-train -q -m "$model" --ids --loss dpo -o mixed pairs.jsonl binary.jsonl; echo $?
bco-train -q -m "$model" --ids --loss dpo --rejects rejects -o mixed pairs.jsonl binary.jsonl --resume; echo $?
cut -d, -f1-2 rejects
bco-train -q -m "$model" --ids --loss dpo --up-weight 2 -o weighted pairs.jsonl; echo $?
ls -d weighted 2>/dev/null || echo no folder

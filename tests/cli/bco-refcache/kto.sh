# Runs of three: each record takes the completion before it, the first the last's, the last one alone that before it; a
# second run without --kto takes the stale value away; halves of pairs give to halves.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7; do printf '{"prompt_ids":[3,%d],"completion_ids":[%d,2],"label":true}\n' $i $((i + 10)); done >in.jsonl
short() { sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/,"ref_id":"[^"]*"//; s/"label":true,//'; }
bco-refcache -m "$model" --ids --kto --kto-batch 3 in.jsonl -o kl.jsonl
short <kl.jsonl
bco-refcache -q -m "$model" --ids kl.jsonl | short | head -n 1
# What it says of a mismatched completion is what a record of it says.
printf '{"prompt_ids":[3,1],"completion_ids":[13,2]}\n' | bco-refcache -q -m "$model" --ids | short
for i in 1 2; do printf '{"prompt_ids":[3,%d],"chosen_ids":[%d,2],"rejected_ids":[%d,2]}\n' $i $((i + 10)) $((i + 20)); done |
    cat - in.jsonl | bco-refcache -q -m "$model" --ids --kto --kto-batch 3 | head -n 4 | short
# The same prompt twice is said; a single record cannot be helped.
head -n 1 in.jsonl | cat - in.jsonl | bco-refcache -m "$model" --ids --kto --shard 1/1 -o same.jsonl
head -n 1 in.jsonl | bco-refcache -m "$model" --ids --kto; echo $?

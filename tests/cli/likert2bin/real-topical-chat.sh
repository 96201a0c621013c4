# Very skewed: 41, 98, 674, 4961 and 5340 of the five levels.
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
for method in oversample undersample weight none; do
    likert2bin --balance $method -o out.jsonl "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst"
done
for level in 1 2 3 4 5; do
    likert2bin --duplicates keep --balance none --up $level -o out.jsonl "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst"
done
likert2bin --up 4-5 -o out.jsonl "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst"
likert2bin --contrasted -o out.jsonl "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst"

# What likert2bin says it wrote is what binstat counts.
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
likert2bin "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst" | binstat --require 'up=5774 and down=5774 and up_share=0.5 and duplicates=435' --json -o out.json
likert2bin -q --balance weight "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst" | binstat --require 'records=11113 and weight_up>5556.49999 and weight_up<5556.50001 and weight_down>5556.49999' -o out

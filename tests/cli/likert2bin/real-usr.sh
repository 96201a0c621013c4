# Means of three raters.
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
likert2bin --rating overall_mean -o out.jsonl "$SHARED/data/usr_topical_chat.likert_mean.jsonl.zst"
likert2bin --rating overall_mean --up 4-5 --down 1-2.5 --drop 2.6-3.9 -o out.jsonl "$SHARED/data/usr_topical_chat.likert_mean.jsonl.zst"
likert2bin --rating overall_mean --up 4-5 --down 1-2.5 -o out.jsonl "$SHARED/data/usr_topical_chat.likert_mean.jsonl.zst"

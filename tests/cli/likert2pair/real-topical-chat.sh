[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
for pairs in best-worst all adjacent; do likert2pair --pairs $pairs -o out "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst"; done
likert2pair --rating overall_mean --margin 1 -o out "$SHARED/data/usr_topical_chat.likert_mean.jsonl.zst"; binstat --json out | cut -d, -f 1-3

[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
for m in oversample undersample weight none; do binbalance --method $m -o out "$SHARED/data/tulu_human_eval.binary.jsonl.zst"; done
binbalance --by model -o out "$SHARED/data/tulu_human_eval.binary.jsonl.zst"; binstat --json out | cut -d, -f 1-4

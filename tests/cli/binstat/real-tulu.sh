[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
binstat "$SHARED/data/tulu_human_eval.binary.jsonl.zst"; binstat --json "$SHARED/data/tulu_human_eval.binary.jsonl.zst"

[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
binsplit --train t --valid v "$SHARED/data/tulu_human_eval.binary.jsonl.zst"

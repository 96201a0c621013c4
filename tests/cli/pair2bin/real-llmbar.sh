[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
pair2bin -o out.jsonl "$SHARED/data/llmbar.pairs.jsonl.zst"
wc -l <out.jsonl

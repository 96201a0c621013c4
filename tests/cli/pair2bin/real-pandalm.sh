# 58 rows have a side that is empty or no text.
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
pair2bin --rejects bad.jsonl -o out.jsonl "$SHARED/data/pandalm.pairs.jsonl.zst"
wc -l <bad.jsonl
sed 's/.*"reason":"\([^"]*\)".*/\1/' bad.jsonl | sort | uniq -c | sed 's/^ *//'
pair2bin -o out.jsonl "$SHARED/data/pandalm.pairs.jsonl.zst"

[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
for ties in drop up down; do
    pair2bin --prefer 'a-is-better=a,a-is-slightly-better=a,tie=tie,b-is-slightly-better=b,b-is-better=b' --balance none --duplicates keep --ties $ties -o out.jsonl "$SHARED/data/tulu_human_eval.pairs.jsonl.zst"
done
pair2bin --prefer 'a-is-better=a,a-is-slightly-better=tie,tie=tie,b-is-slightly-better=tie,b-is-better=b' -o out.jsonl "$SHARED/data/tulu_human_eval.pairs.jsonl.zst"
pair2bin -o out.jsonl "$SHARED/data/tulu_human_eval.pairs.jsonl.zst"

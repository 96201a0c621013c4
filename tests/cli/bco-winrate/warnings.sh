printf '%s\n' '{"prompt":"p","winner":"a","judge":"x"}' '{"prompt":"p","winner":"a","judge":"x"}' '{"prompt":"p","winner":"a","judge":"y"}' >v.jsonl
bco-winrate v.jsonl
bco-winrate -q --json v.jsonl
printf '%s\n' '{"prompt":"p","winner":"tie"}' '{"prompt":"q","winner":"tie"}' | bco-winrate --json
# Each file has one judge, but not the same one; with both in each it is told twice that they are two.
printf '%s\n' '{"prompt":"p","winner":"a","judge":"x"}' '{"prompt":"q","winner":"b","judge":"x"}' >x.jsonl
sed 's/"x"/"y"/' x.jsonl >y.jsonl
cat y.jsonl x.jsonl >both.jsonl
for pair in 'x y' 'x x' 'both both' 'x both'; do
    echo "== $pair" >&2
    bco-winrate --vs "${pair#* }.jsonl" "${pair% *}.jsonl" >/dev/null
done

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
# One prompt has no spread, whatever makes the interval.
printf '%s\n' '{"prompt":"p","winner":"a","length_a":3,"length_b":9}' '{"prompt":"p","winner":"b","length_a":4,"length_b":2}' \
    '{"prompt":"p","winner":"b","length_a":4,"length_b":12}' >one.jsonl
for options in '--bootstrap 100' '--interval wilson' '--length-control' '--length-control --bootstrap 50' \
    '--vs one.jsonl' '--vs one.jsonl --bootstrap 50'; do
    bco-winrate -q $options one.jsonl | tail -n 1
done
printf 'prompt,winner\np,a\n' | bco-winrate

try() { bco-winrate "$@"; echo "exit $?"; }
awk 'BEGIN { for (i = 0; i < 40; i++) { more = (i * 37) % 80 - 30; printf "{\"prompt\":%d,\"winner\":\"%s\",\"length_a\":%d,\"length_b\":100}\n", i, (i * 7 % 10) * 8 < more + 45 ? "a" : "b", 100 + more } }' >v.jsonl
try --length-control v.jsonl
try --length-control --bootstrap 200 --seed 3 -j 1 --json v.jsonl >one
try --length-control --bootstrap 200 --seed 3 -j 4 --json v.jsonl >four
cmp one four && sed -E 's/(\.[0-9]{4})[0-9]+/\1/g' one
head -n 3 v.jsonl | sed 's/"a"/"b"/' | try --length-control
printf '%s\n' '{"prompt":1,"winner":"a","length_a":9,"length_b":5}' '{"prompt":2,"winner":"b","length_a":4,"length_b":5}' | try --length-control
printf '%s\n' '{"prompt":1,"winner":"a","length_a":9,"length_b":5}' '{"prompt":2,"winner":"b","length_a":8,"length_b":5}' | try --length-control
echo '{"prompt":1,"winner":"a"}' | try --length-control
try --weights w.csv v.jsonl
try --difficulty d.csv --weights w.csv --ridge 1 v.jsonl
try --interval wilson --bootstrap 10 v.jsonl

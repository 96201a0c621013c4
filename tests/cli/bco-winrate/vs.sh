try() { bco-winrate "$@"; echo "exit $?"; }
awk 'BEGIN { for (i = 0; i < 30; i++) printf "{\"prompt\":%d,\"winner\":\"%s\",\"m\":\"x\"}\n", i, i % 3 ? "a" : "b" }' >here.jsonl
awk 'BEGIN { for (i = 29; i >= 2; i--) printf "{\"prompt\":%d,\"winner\":\"%s\",\"m\":\"x\"}\n", i, i % 3 == 1 || i % 5 == 1 ? "a" : i % 4 ? "b" : "tie" }' >there.jsonl
echo '{"prompt":77,"winner":"a","m":"x"}' >>there.jsonl
try --vs there.jsonl --power 5 here.jsonl
try --vs there.jsonl --power 5 --json here.jsonl
try --vs there.jsonl --bootstrap 300 --by m here.jsonl
try --power 5 here.jsonl
echo '{"prompt":77,"winner":"a","m":"y"}' | try --vs there.jsonl --by m
echo '{"prompt":78,"winner":"a","m":"x"}' | try --vs there.jsonl
echo '{"prompt":78,"winner":"a","m":"x"}' | try --vs /dev/null
try --vs no-such-file here.jsonl
try --power 0 here.jsonl

cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true}
{"prompt":"p","completion":"b","label":false}
END
. "$ROOT/tests/cli/misuse.subr"
misuse binbalance in.jsonl
echo '{"up":1,"down":1}' >counts.json
try binbalance --by prompt --counts counts.json in.jsonl
try binbalance --ratio 1 in.jsonl
try binbalance --ratio 0:1 in.jsonl
try binbalance --ratio 1:-1 in.jsonl
try binbalance --min-chars 5 --max-chars 4 in.jsonl
try binbalance --format jsonl --delimiter ';' in.jsonl
try binbalance --by none in.jsonl

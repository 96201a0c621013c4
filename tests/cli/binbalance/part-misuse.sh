cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true}
{"prompt":"p","completion":"b","label":false}
END
. "$ROOT/tests/cli/misuse.subr"
echo '{"up":1,"down":1}' >one.json
echo '{"up":2,"down":1}' >two.json
echo '{"up":0,"down":1}' >down.json
echo '{"up":0,"down":0}' >none.json
echo '{"up":-1,"down":0}' >less.json
try binbalance --part 1 in.jsonl
try binbalance --counts one.json --part 2 in.jsonl
try binbalance --counts one.json --part 0 in.jsonl
try binbalance --counts one.json --counts two.json in.jsonl
try binbalance --counts one.json --counts two.json --part 2 in.jsonl
try binbalance --counts one.json --counts down.json --part 2 in.jsonl
try binbalance --counts down.json --counts down.json --part 2 in.jsonl
try binbalance --counts one.json --counts none.json --part 2 in.jsonl
try binbalance --counts one.json --counts less.json --part 1 in.jsonl
try binbalance --by prompt --counts one.json --part 1 in.jsonl
try binbalance --counts one.json --part 1 --keep completion~a in.jsonl
try binbalance --counts one.json --counts down.json --part 1 in.jsonl

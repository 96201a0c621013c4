# The group is named.
printf '{"prompt":"p","completion":"a","label":true,"user":{"name":"eve"}}\n{"prompt":"p","completion":"b","label":false,"user":{"name":"bob"}}\n' >in.jsonl
binbalance --by user.name in.jsonl; code=$?; binbalance --by user.name --method none in.jsonl; exit $code

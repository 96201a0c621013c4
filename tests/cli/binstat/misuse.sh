cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true}
{"prompt":"p","completion":"b","label":false}
END
. "$ROOT/tests/cli/misuse.subr"
misuse binstat in.jsonl
try binstat --json --histogram in.jsonl
try binstat --require 'records' in.jsonl
try binstat --require 'records>=1 and' in.jsonl
try binstat --require 'nothing>1' in.jsonl
try binstat --require 'records>=3' in.jsonl
try binstat --require 'records>=2' --require 'up_share>0.9' in.jsonl
try binstat --require '' in.jsonl

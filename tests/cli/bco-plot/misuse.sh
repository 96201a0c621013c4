echo '{"prompt":"p","completion":"x","label":true}' >in.jsonl
. "$ROOT/tests/cli/misuse.subr"
plot() { bco-plot lengths --text "$@"; }
misuse plot in.jsonl
try bco-plot
try bco-plot pie --text in.jsonl
try bco-plot lengths in.jsonl
try bco-plot lengths -o x.jpg in.jsonl
try plot --width 1 in.jsonl
try plot in.jsonl none.jsonl

M=$ROOT/examples/demo/model
echo '{"prompt":"p","completion":"x","label":true,"ref_logp":-5}' >in.jsonl
. "$ROOT/tests/cli/misuse.subr"
reward() { bco-reward -m "$M" "$@"; }
misuse reward in.jsonl
try bco-reward in.jsonl
try reward --json in.jsonl
try reward --max-length 1 in.jsonl
try reward --max-length 100000 in.jsonl
try reward --beta 0 in.jsonl
try reward in.jsonl none.jsonl

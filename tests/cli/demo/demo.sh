# The whole demo: it must win clearly.
PATH=$PATH BUILD=$(cd "$(dirname "$(command -v bco-judge)")/.." && pwd) "$ROOT/examples/demo/run" "$PWD/work" >log 2>&1 || { cat log; exit 1; }
low=$(bco-winrate --json work/verdicts.jsonl | sed 's/.*"low":\([0-9]*\).*/\1/')
[ "$low" -gt 50 ] || { cat log; exit 1; }

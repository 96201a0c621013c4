printf '%s\n' '{"prompt":"p","winner":"a"}' '{"prompt":"q","winner":"b"}' >in.jsonl
. "$ROOT/tests/cli/misuse.subr"
misuse bco-winrate in.jsonl
try bco-winrate --level 0 in.jsonl
try bco-winrate --level 1 in.jsonl
try bco-winrate --power 101 in.jsonl
try bco-winrate --strong-weight 0 in.jsonl
try bco-winrate --interval wilson --bootstrap 9 in.jsonl
try bco-winrate --weights w.csv in.jsonl
try bco-winrate --weights w.csv --difficulty d.csv --ridge 1 in.jsonl
try bco-winrate --vs none.jsonl in.jsonl
try bco-winrate in.jsonl none.jsonl

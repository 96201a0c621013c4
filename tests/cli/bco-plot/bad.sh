try() { bco-plot "$@"; echo "exit $?" >&2; }
echo '{"step":1,"loss":0.5}' >m.jsonl
try
try pie m.jsonl
try metrics m.jsonl
try metrics --text -o m.svg m.jsonl
try metrics --text --rejects r m.jsonl
try metrics --text --width 5 m.jsonl
try metrics --text no-such-file
try metrics --text /dev/null
echo '{"loss":0.5}' | try metrics --text
echo '{"step":1,"loss":"x"}' | try metrics --text
try error-term --text m.jsonl
echo '("step":1}' | try metrics --text
echo '{"group":1}' | try winrate --text
echo '{"completion":""}' | try lengths --text
echo '{"completion":"x"}' | try rewards --text
mkdir empty
PATH_BEFORE=$PATH
tool=$(command -v bco-plot)
(PATH=$PWD/empty; "$tool" metrics -o m.svg m.jsonl; echo "exit $?" >&2)
ls

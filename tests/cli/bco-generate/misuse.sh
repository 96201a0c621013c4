M=$ROOT/examples/demo/model
echo '{"prompt":"How do I reset my printer?"}' >in.jsonl
. "$ROOT/tests/cli/misuse.subr"
generate() { bco-generate -m "$M" "$@"; }
misuse generate in.jsonl
try generate --ids --text in.jsonl
try generate --ids --chat-template x.jinja in.jsonl
try generate --ids --stop x in.jsonl
try generate --stop '' in.jsonl
try generate --temperature -0.1 in.jsonl
try generate --temperature nan in.jsonl
try generate --temperature 1e7 in.jsonl
try generate --top-p 0 in.jsonl
try generate --top-p 1.01 in.jsonl
try generate --min-p 1.01 in.jsonl
try generate --repetition-penalty 0 in.jsonl
try generate --repetition-penalty -1 in.jsonl
try generate --max-new-tokens 0 in.jsonl
try generate -n 0 in.jsonl
try generate --batch 0 in.jsonl
try generate --batch 5000 in.jsonl
try generate -j 0 in.jsonl
try generate -q -v in.jsonl
try generate --greedy --temperature 2 in.jsonl
try generate --greedy --top-k 3 in.jsonl
try generate --temperature 0 --min-p 0.1 in.jsonl
try generate --greedy --seed 3 in.jsonl
try generate --greedy -n 2 in.jsonl
try generate --max-memory 0 in.jsonl
try generate --greedy --top-p 0.9 in.jsonl
try generate --greedy --min-p 0 in.jsonl
try generate --greedy --temperature 0 in.jsonl
try generate --greedy --repetition-penalty 1.2 in.jsonl
try generate in.jsonl none.jsonl
try generate .
try generate -o . in.jsonl

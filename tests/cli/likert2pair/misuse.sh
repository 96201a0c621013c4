cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","rating":5}
{"prompt":"p","completion":"b","rating":1}
END
. "$ROOT/tests/cli/misuse.subr"
misuse likert2pair in.jsonl
try likert2pair --scale 5-1 in.jsonl
try likert2pair --scale 2-4 in.jsonl
try likert2pair --margin -1 in.jsonl
try likert2pair --margin nan in.jsonl
try likert2pair --prompt x --rating x in.jsonl
try likert2pair --group none in.jsonl
try likert2pair --min-chars 5 --max-chars 4 in.jsonl
try likert2pair --format json --delimiter ';' in.jsonl

cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","rating":5}
{"prompt":"p","completion":"b","rating":1}
END
. "$ROOT/tests/cli/misuse.subr"
misuse likert2bin in.jsonl
try likert2bin --up 4-5 --down 4 in.jsonl
try likert2bin --up 5 --drop 5 in.jsonl
try likert2bin --up 9 in.jsonl
try likert2bin --scale 1 --up 2 in.jsonl
try likert2bin --map a=up,a=down in.jsonl
try likert2bin --prompt x --completion x in.jsonl
try likert2bin --completion rating in.jsonl
try likert2bin --min-chars 5 --max-chars 4 in.jsonl
try likert2bin --max-chars 0 in.jsonl
try likert2bin --format jsonl --delimiter ';' in.jsonl
try likert2bin --delimiter ab in.jsonl
try likert2bin --keep 'completion~(' in.jsonl
try likert2bin --keep '~a' in.jsonl
try likert2bin --rating-regex 'x' in.jsonl
try likert2bin --rating-regex '(' in.jsonl
try likert2bin -q -v in.jsonl
try likert2bin -j 0 in.jsonl

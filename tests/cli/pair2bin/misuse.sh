cat >in.jsonl <<'END'
{"prompt":"p","chosen":"a","rejected":"b"}
END
. "$ROOT/tests/cli/misuse.subr"
misuse pair2bin in.jsonl
try pair2bin --a x --chosen y in.jsonl
try pair2bin --preference x --rejected y in.jsonl
try pair2bin --implicit-prompt --prompt x in.jsonl
try pair2bin --a chosen --b chosen in.jsonl
try pair2bin --chosen chosen --rejected chosen in.jsonl
try pair2bin --prefer a=a,a=b in.jsonl
try pair2bin --prefer a=up in.jsonl
try pair2bin --prefer '' in.jsonl
try pair2bin --weight-field x in.jsonl
try pair2bin --weight-field chosen in.jsonl
try pair2bin --min-chars 5 --max-chars 4 in.jsonl
try pair2bin --format tsv --delimiter ';' in.jsonl
try pair2bin --reject 'chosen' in.jsonl

cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true}
{"prompt":"p","completion":"b","label":false}
END
. "$ROOT/tests/cli/misuse.subr"
misuse binsplit in.jsonl
try binsplit --train a in.jsonl
try binsplit --valid a in.jsonl
try binsplit --train a --valid a in.jsonl
try binsplit --train a --valid b --test a --test-share 0.1 in.jsonl
try binsplit --train a --valid b --test-share 0.1 in.jsonl
try binsplit --train a --valid b --share 0.6 --test c --test-share 0.6 in.jsonl
try binsplit --train a --valid b --share 1.5 in.jsonl
try binsplit --train a --valid b --share -0.1 in.jsonl
try binsplit --train a --valid b --share nan in.jsonl
try binsplit --train a --valid b --by none in.jsonl
try binsplit --train a --valid b --seed x in.jsonl
try binsplit --train a --valid b -o c in.jsonl
try binsplit --train none/a --valid b in.jsonl

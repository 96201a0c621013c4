printf 'hello\nhello world\nthe\n' | bco-tokenize -q -m $ROOT/examples/data --summary --text

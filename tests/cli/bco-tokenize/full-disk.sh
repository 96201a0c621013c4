printf 'hello world\n' | bco-tokenize -m $ROOT/examples/data --text >/dev/full

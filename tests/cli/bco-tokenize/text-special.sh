printf 'hello world\n\n' | bco-tokenize -q -m $ROOT/examples/data --text --special

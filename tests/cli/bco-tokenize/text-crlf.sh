printf 'hello\r\n' | bco-tokenize -q -v -m $ROOT/examples/data --text

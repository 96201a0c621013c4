printf 'hello\nhe\377llo\n' | bco-tokenize -m $ROOT/examples/data --text

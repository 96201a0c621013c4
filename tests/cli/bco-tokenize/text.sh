printf 'hello world\n\nthe <s> world' | bco-tokenize -m $ROOT/examples/data --text

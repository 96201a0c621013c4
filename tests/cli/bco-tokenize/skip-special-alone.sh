bco-tokenize -m $ROOT/examples/data --skip-special --text </dev/null

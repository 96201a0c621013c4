bco-tokenize -m $ROOT/examples/data --special </dev/null

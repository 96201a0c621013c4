bco-tokenize -m $ROOT/examples/data --json </dev/null

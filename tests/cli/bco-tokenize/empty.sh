bco-tokenize -m $ROOT/examples/data </dev/null

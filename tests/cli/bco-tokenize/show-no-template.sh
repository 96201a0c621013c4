bco-tokenize --show text -m $ROOT/examples/data </dev/null

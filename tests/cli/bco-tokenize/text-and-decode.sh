bco-tokenize -m $ROOT/examples/data --text --decode </dev/null

printf '{"id":[1,29]}\n' | bco-tokenize -m $ROOT/examples/data --decode

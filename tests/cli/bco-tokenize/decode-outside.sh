printf '{"ids":[1,29]}\n{"ids":[1,99]}\n' | bco-tokenize -m $ROOT/examples/data --decode

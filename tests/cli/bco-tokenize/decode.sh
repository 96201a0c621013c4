printf '{"ids":[1,29,34,2]}\n{"ids":[]}\n' | bco-tokenize -q -m $ROOT/examples/data --decode
printf '{"ids":[1,29,34,2]}\n' | bco-tokenize -q -m $ROOT/examples/data --decode --skip-special

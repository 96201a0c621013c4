printf '"hello\\nworld"\n"a\\u0000a"\n""\n' | bco-tokenize -q -v -m $ROOT/examples/data --text --json

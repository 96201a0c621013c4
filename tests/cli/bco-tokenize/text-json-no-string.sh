printf '"hello"\n["hello"]\n' | bco-tokenize -m $ROOT/examples/data --text --json

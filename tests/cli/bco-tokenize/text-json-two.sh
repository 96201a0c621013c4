printf '"hello","a":1\n' | bco-tokenize -m $ROOT/examples/data --text --json

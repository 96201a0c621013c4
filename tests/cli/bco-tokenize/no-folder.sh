bco-tokenize -m nowhere </dev/null

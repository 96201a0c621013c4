bco-tokenize </dev/null

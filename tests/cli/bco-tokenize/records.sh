printf '{"id":7,"prompt":"Hello","completion":"hello world","n":1.50}\n\n{"prompt":"we","completion":"the",  "label":1}\n' |
    bco-tokenize -m $ROOT/examples/data

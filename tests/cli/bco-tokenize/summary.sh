printf '{"prompt":"Hello","completion":"hello world"}\n{"prompt":"we","completion":"the"}\n' | bco-tokenize -m $ROOT/examples/data --summary

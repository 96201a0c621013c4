printf '{"prompt":"Hello","completion":"hello"}\n{"prompt":"Hello","chosen":"hello","rejected":"we"}\n' | bco-tokenize -q -v -m $ROOT/examples/data

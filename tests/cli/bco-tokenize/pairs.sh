printf '{"prompt":"Hello","chosen":"hello world","rejected":"we"}\n' | bco-tokenize -m $ROOT/examples/data

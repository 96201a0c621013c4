printf '{"prompt":"Hello","completion":"hello world"}\n' | bco-tokenize -q --no-bos --no-eos -m $ROOT/examples/data

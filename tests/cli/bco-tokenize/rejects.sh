printf '{"prompt":"Hello","completion":"hello"}\n{"prompt":"Hello"}\n{"prompt":\n' | bco-tokenize -m $ROOT/examples/data --rejects bad.jsonl
cat bad.jsonl

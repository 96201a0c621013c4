mkdir model
cp "$ROOT/examples/data/tokenizer.json" model
printf '{"prompt":"Hello","completion":"hello"}\n' | bco-tokenize -m model
printf '{"prompt":"Hello","completion":"hello"}\n' | bco-tokenize -q --no-eos -m model

mkdir model
cp "$ROOT/examples/data/tokenizer.json" model
echo '{"eos_token_id": [2, 7]}' >model/config.json
printf '{"prompt":"Hello","completion":"hello"}\n' | bco-tokenize -q -m model

mkdir model
cp "$ROOT/examples/data/tokenizer.json" model
echo '{"eos_token": "<end>"}' >model/tokenizer_config.json
bco-tokenize -m model --text </dev/null

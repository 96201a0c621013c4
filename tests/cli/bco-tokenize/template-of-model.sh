mkdir model
cp "$ROOT/examples/data/tokenizer.json" model
echo '{"eos_token":"</s>","bos_token":{"content":"<s>"},"chat_template":[{"name":"other","template":"no"},{"name":"default","template":"{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"}]}' >model/tokenizer_config.json
printf '{"prompt":[{"role":"user","content":"Hello"}],"completion":[{"role":"assistant","content":"hello"}]}\n' | bco-tokenize -q -v -m model

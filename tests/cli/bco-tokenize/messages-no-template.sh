printf '{"prompt":[{"role":"user","content":"Hello"}],"completion":[{"role":"assistant","content":"hello"}]}\n' | bco-tokenize -m $ROOT/examples/data

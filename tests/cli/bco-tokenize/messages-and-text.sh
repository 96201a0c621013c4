printf '{"prompt":[{"role":"user","content":"Hello"}],"completion":"hello"}\n' | bco-tokenize -m $ROOT/examples/data --chat-template $ROOT/examples/data/chatml.jinja

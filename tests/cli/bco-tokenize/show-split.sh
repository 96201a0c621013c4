printf '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yes."}]}\n' |
    bco-tokenize -q --show text --chat-template $ROOT/examples/data/chatml.jinja

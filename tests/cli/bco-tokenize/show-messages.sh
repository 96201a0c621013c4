printf '{"messages":[{"role":"user","content":"Hi \\"you\\""}],"id":1}\n{"messages":[]}\n' |
    bco-tokenize --show text --chat-template $ROOT/examples/data/chatml.jinja --add-generation-prompt

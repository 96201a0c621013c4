printf '{"prompt":[{"role":"user","content":"Hello"}],"completion":[{"role":"assistant","content":"hello"}]}\n' >r.jsonl
echo "{% for m in messages %}{{ m.content }} {% endfor %}" >t.jinja
bco-tokenize -v -m $ROOT/examples/data --chat-template t.jinja r.jsonl

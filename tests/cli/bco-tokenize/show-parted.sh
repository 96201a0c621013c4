printf '%s' '{% for m in messages %}{{ m.role[0] }}{% if loop.last and m.role == "user" %}(last){% endif %}{{ m.content }};{% endfor %}{% if add_generation_prompt %}a{% endif %}' >t.jinja
echo '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yes."}]}' >r.jsonl
bco-tokenize --show text --chat-template t.jinja r.jsonl
bco-tokenize --show text --strict-template --chat-template t.jinja r.jsonl

# Prompts that are rendered otherwise alone are cut where they part from the whole, and counted; --strict-template refuses them.
M=$ROOT/examples/demo/model
printf '%s' '{% for m in messages %}{{ m.role[0] }}{% if loop.last and m.role == "user" %}(last){% endif %}{{ m.content }};{% endfor %}{% if add_generation_prompt %}a{% endif %}' >t.jinja
cat >r.jsonl <<'END'
{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yes."}],"label":true}
{"prompt":"Hi","completion":"Yes.","label":false}
END
bco-refcache -m "$M" --chat-template t.jinja r.jsonl -o ref.jsonl && wc -l <ref.jsonl
bco-refcache -m "$M" --chat-template t.jinja --strict-template r.jsonl
echo "exit $?"
bco-refcache -m "$M" --chat-template t.jinja --strict-template --rejects bad r.jsonl | wc -l
cat bad
bco-train -m "$M" --chat-template t.jinja --steps 1 --batch 2 -o out ref.jsonl 2>&1 | sed 's/loss .*/loss/'
bco-train -m "$M" --chat-template t.jinja --strict-template --steps 1 --batch 2 -o strict ref.jsonl
echo "exit $?"
# A template of the model's own that does not parse matters only to messages.
mkdir own && cp "$M"/* own && echo '{% if x' >own/chat_template.jinja
tail -n 1 r.jsonl | bco-refcache -q -m own | wc -l
bco-refcache -q -m own r.jsonl

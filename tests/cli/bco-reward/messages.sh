# Messages through a template, which ref_id names.
M=$ROOT/examples/demo/model
printf '%s' '{% for m in messages %}{{ m.content }}{% endfor %}' >plain.jinja
printf '%s' '{% for m in messages %}{{ m.content }} {% endfor %}' >other.jinja
echo '{"prompt":[{"role":"user","content":"How do I reset my clock?"}],"completion":[{"role":"assistant","content":"To reset the clock."}],"label":true}' >m.jsonl
bco-refcache -q -m "$M" --chat-template plain.jinja m.jsonl >ref.jsonl
bco-reward -q -m "$M" --chat-template plain.jinja ref.jsonl | grep -o '"reward".*'
bco-reward -q -m "$M" --chat-template other.jinja ref.jsonl 2>&1 | sed -E 's/[0-9a-f]{8}/FINGER/g'
bco-reward -q -m "$M" ref.jsonl 2>&1 | sed -E 's/[0-9a-f]{8}/FINGER/g'
# A prompt whose rendering alone is no prefix of the whole: cut and counted, or an error.
printf '%s' '{% for m in messages %}{{ m.content }} {% endfor %}{{ messages | length }}' >count.jinja
bco-refcache -q -m "$M" --chat-template count.jinja m.jsonl >ref.jsonl
bco-reward -m "$M" --chat-template count.jinja ref.jsonl | grep -o '"reward".*'
bco-reward -q -m "$M" --chat-template count.jinja --strict-template ref.jsonl
echo "exit $?"

# A prompt that is messages is what the template makes of it, with BOS where the template says so.
M=$ROOT/examples/demo/model
cat >chat.jinja <<'END'
{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}{% if not add_generation_prompt %} never{% endif -%}
END
cat >messages <<'END'
{"prompt":[{"role":"user","content":"How do I reset my printer?"}],"id":1}
{"prompt":"How do I reset my printer?","id":2}
END
bco-generate -q -m "$M" --greedy --logp --chat-template chat.jinja messages | sed -E 's/(logp":-[0-9]+\.[0-9]{3})[0-9]*/\1/'
bco-generate -q -m "$M" --greedy --no-bos --logp --chat-template chat.jinja messages | head -n 1 | sed -E 's/(logp":-[0-9]+\.[0-9]{3})[0-9]*/\1/'
# The model's own.
mkdir own && cp "$M"/* own && cp chat.jinja own/chat_template.jinja
bco-generate -q -m own --greedy messages
try() { bco-generate -q -m "$M" "$@"; echo "exit $?"; }
try messages
echo '{"prompt":[]}' | try --chat-template chat.jinja
echo '{"prompt":[{"role":"user"}]}' | try --chat-template chat.jinja
echo '{% if x' >broken.jinja
try --chat-template broken.jinja messages
echo '{{ raise_exception("No users here") }}' >raise.jinja
try --greedy --chat-template raise.jinja --rejects rejects messages
cat rejects
echo '{{ "" }}' | tr -d '\n' >nothing.jinja
try --chat-template nothing.jinja messages
try --chat-template chat.jinja --ids messages
# A template of the model's own that does not parse matters only to messages.
cp broken.jinja own/chat_template.jinja
tail -n 1 messages | bco-generate -q -m own --greedy
bco-generate -q -m own --greedy messages
echo "exit $?"

echo "{{ raise_exception('Roles must alternate: user/assistant') }}" >t.jinja
printf '{"messages":[]}\n{"id":1}\n' | bco-tokenize --show text --chat-template t.jinja --rejects bad.jsonl
cat bad.jsonl

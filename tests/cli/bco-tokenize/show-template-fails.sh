printf 'a\n{{ messages[0].nope.x }}' >t.jinja
echo '{"messages":[]}' | bco-tokenize --show text --chat-template t.jinja

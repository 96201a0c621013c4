printf 'a\n{%% if x %%}\n{{ 1 + }}{%% endif %%}' >t.jinja
echo '{"messages":[]}' | bco-tokenize --show text --chat-template t.jinja

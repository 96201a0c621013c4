echo '{{ bos_token }}|{{ enable_thinking is defined }}|{{ x.y[0] }}|{{ strftime_now("%d %b %Y, %H:%M") }}' >t.jinja
echo '{"messages":[]}' |
    bco-tokenize -q --show text --chat-template t.jinja --var 'bos_token="<s>"' --var enable_thinking= --var 'x={"y":[2.50]}' --now 2024-07-26T12:34:56

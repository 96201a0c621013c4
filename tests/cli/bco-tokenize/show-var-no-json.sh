echo '{"messages":[]}' | bco-tokenize --show text --chat-template $ROOT/examples/data/chatml.jinja --rejects bad --var 'x={'; echo $?
echo '{"messages":[]}' | bco-tokenize --show text --chat-template $ROOT/examples/data/chatml.jinja --var x=word

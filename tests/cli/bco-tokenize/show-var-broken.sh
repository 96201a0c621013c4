bco-tokenize --show text --chat-template $ROOT/examples/data/chatml.jinja --var x </dev/null

bco-tokenize --show text --chat-template $ROOT/examples/data/chatml.jinja --now yesterday </dev/null

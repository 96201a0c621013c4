bco-tokenize --show text --chat-template nowhere.jinja </dev/null

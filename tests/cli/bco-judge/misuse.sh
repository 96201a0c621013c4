echo '{"prompt":"p","completion":"x"}' >a
cp a b
. "$ROOT/tests/cli/misuse.subr"
judge() { case $1 in --command | --reward-model | --prefer-regex) bco-judge "$@" b ;; *) bco-judge --command 'while read -r q; do echo a; done' "$@" b ;; esac; }
misuse judge a
try judge --both-orders --one-order a
try bco-judge a b
try bco-judge --command cat --prefer-regex x a b
try bco-judge --prefer-regex '(' a b
try bco-judge --prefer-regex x a b a
try bco-judge --prefer-regex x - -
try bco-judge --prefer-regex x a none

printf '%s\n' '{"prompt":"p","completion":"good"}' '{"prompt":"q","completion":"one"}' >a
printf '%s\n' '{"prompt":"q","completion":"three"}' '{"prompt":"p","completion":"bad"}' >b
# Knows "good"; else says the first.
judge='while read -r x; do case $x in *b\":\"good*) echo b;; *) echo a;; esac; done'
bco-judge --command "$judge" a b | sed 's/,"judge.*//'
bco-judge --one-order --command "$judge" a b | sed 's/,"judge.*//'
bco-judge -q --command "$judge" a b | bco-winrate

try() { bco-judge "$@"; echo "exit $?"; }
p() { for c; do echo "{\"prompt\":\"${c%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p 'p=A clock.' 'q=No clock.' 'r=Nothing.' 's=clock' >a
p 'p=A radio.' 'q=The clock.' 'r=Nothing too.' 's=Clock' >b
try --prefer-regex 'clock' a b
try --one-order --prefer-regex '(?i)^the|^a' a b
try --prefer-regex 'clock' a b 2>/dev/null | grep -v exit | bco-winrate
# Of messages, a content; roles do not count.
echo '{"prompt":[{"role":"user","content":"clock"}],"completion":[{"role":"assistant","content":"x"},{"role":"clock","content":"é clock"}]}' >m
echo '{"prompt":[{"role":"user","content":"clock"}],"completion":[{"role":"clock","content":"x"}]}' >n
try -q --one-order --prefer-regex 'é\W+clock' n m
# An expression that takes too long says nothing about this pair.
p "p=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" 'q=a' >a
p 'p=a' 'q=b' >b
try --one-order --prefer-regex '^(a|aa|a?)+$' a b | sed 's/"length_a.*"reason"/.../'
try --prefer-regex '(' a b

try() { bco-judge --command cat "$@"; echo "exit $?"; }
p() { for c; do echo "{\"prompt\":\"${c%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p p=1 q=2 >a
p p=3 >b
try a b
p p=3 q=4 q=5 >b
try a b
echo '{"prompt":"p","response":"x"}' >b
try a b
: >b
try a b
try a
bco-judge a a; echo "exit $?"
bco-judge --command no-such-program a a; echo "exit $?"
bco-judge --command cat --one-order --both-orders a a; echo "exit $?"
p p=3 x=4 >b
bco-judge --command 'while read -r x; do echo tie; done' --rejects bad a b; echo "exit $?"; cat bad
p p=3 q=4 q=5 q=6 >b
p p=1 q=2 q=3 >a
try a b
try b a

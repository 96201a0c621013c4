# Nothing but invalid verdicts is an error; they are written all the same, as they tell why.
p() { for c; do echo "{\"prompt\":\"${c%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p p=1 q=2 >a
p p=3 q=4 >b
bco-judge --command false a b
echo "exit $?"
bco-judge -q --one-order --retries 0 --command 'while read -r x; do echo maybe; done' -o out a b
echo "exit $?"
cat out
bco-winrate out
echo "exit $?"
# One valid verdict is enough.
bco-judge --one-order --retries 0 --command 'read -r x; echo a; exit 5' a b | cut -c 1-30

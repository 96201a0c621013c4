p() { for c; do echo "{\"prompt\":\"${c%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p p=1 p=2 q=3 >a
p q=4 p=5 p=6 >b
bco-judge --one-order --command 'while read -r x; do echo "$x" >&2; echo tie; done' a b

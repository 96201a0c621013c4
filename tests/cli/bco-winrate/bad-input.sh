# What can be wrong with verdicts, one by one: the message and the exit code.
try() { bco-winrate "$@"; echo "exit $?"; }
v() { for c; do echo "{\"prompt\":\"${c%=*}\",\"winner\":\"${c#*=}\",\"length_a\":${la-9},\"length_b\":${lb-7}}"; done; }
echo "# an unknown winner"
v p=a q=A | try
v p=a q=draw r=b | try --json --rejects bad
cat bad
echo '{"prompt":"p","winner":true}' | try
echo "# a prompt that is not there; a broken line"
printf '%s\n' '{"prompt":"p","winner":"a"}' '{"winner":"a"}' | try
printf '%s\n' '{"prompt":"p","winner":"a"}' '{"prompt":"q","winner":"a"' | try
echo "# two judges in one file, apart and together"
{ v p=a q=b | sed 's/}/,"judge":"x"}/'; v p=a q=a | sed 's/}/,"judge":"y"}/'; } >two
try two
try --by judge two
echo "# duplicates: word for word, and another verdict on the same prompt"
v p=a q=b p=a p=b | try
echo "# one verdict"
v p=a | try
v p=a | try --interval wilson
v p=a | try --length-control
echo "# ties only"
v p=tie q=tie | try --length-control
echo "# invalid ones only, and some"
printf '%s\n' '{"prompt":"p","winner":null}' '{"prompt":"q","winner":null}' | try
{ v p=a q=b && echo '{"prompt":"r","winner":null}'; } | try
echo "# lengths that tell every win from every loss"
{ v p=a q=a && la=1 && v r=b s=b; } | try --length-control
echo "# one side always longer"
{ v p=a q=b && la=12 && v r=b s=a t=a; } | try --length-control
echo "# a length that is not there"
{ v p=a && echo '{"prompt":"q","winner":"b"}'; } | try --length-control
echo "# a fit that has no end"
printf '%s\n' index,instruction_difficulty 0,1e300 1,-1e300 2,1e300 3,1 >d.csv
{ v p=a q=b && la=1 && v r=b s=a; } | try --difficulty d.csv --ridge 1e-9
echo "# the other file has other prompts, or none"
v p=a q=b >here
v q=a r=b >there
try --vs there here
cat two two >there
try --vs there two
v x=a >there
try --vs there here
: >there
try --vs there here

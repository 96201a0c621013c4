# The same of AlpacaEval's annotations.
try() { bco-winrate "$@"; echo "exit $?"; }
a() { for c; do echo "{\"instruction\":\"${c%=*}\",\"preference\":${c#*=}}"; done; }
a p=1 q=0.5 | try
a p=3 | try
a p='"two"' | try
a p=1e999 | try
echo '{"instruction":"p","winner_is":2}' | try --format alpaca-eval
a p=null q=null | try
a p=1.2 q=0 r=null s=1.5 | try
printf '%s\n' preference,instruction 1.2,p ,q 2.0,r 0,s 'x,t' >p.csv
try --rejects bad p.csv
cat bad
a p=2 p=2 q=1 | try
a p=2 | try --length-control
printf '%s\n' '{"instruction":"p","preference":2,"output_1":"x","output_2":7}' | try --length-control
{ a p=2 && echo '{"prompt":"q","winner":"b"}'; } | try

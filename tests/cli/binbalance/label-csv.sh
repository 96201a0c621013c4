printf 'prompt,completion,label\np,a,1\np,b,0\n' >in.csv
binbalance in.csv; code=$?
likert2bin -q --rating label --scale 0-1 --balance none in.csv | binbalance
exit $code

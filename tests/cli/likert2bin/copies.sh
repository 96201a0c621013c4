# Each record of the smaller class stands there floor or ceil of 10/3 times, whatever the seed.
i=0; while [ $i -lt 10 ]; do echo '{"prompt":"p","response":"d'$i'","rating":1}'; i=$((i + 1)); done >in.jsonl
for c in a b c; do echo '{"prompt":"p","response":"'$c'","rating":5}'; done >>in.jsonl
for seed in 0 1 2 3; do likert2bin -q --seed $seed in.jsonl | grep true | sort | uniq -c | awk '{ print $1 }' | sort | tr '\n' ' '; done; echo
likert2bin --seed 7 in.jsonl | head -n 13 | cut -d, -f 2 | tr '\n' ' ' 

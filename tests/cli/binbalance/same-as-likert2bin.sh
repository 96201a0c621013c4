# likert2bin balances as binbalance does with its output.
i=0; while [ $i -lt 50 ]; do echo '{"prompt":"p'$i'","completion":"c","rating":'$((i % 5 + 1))'}'; i=$((i + 1)); done >in.jsonl
for m in oversample undersample weight; do likert2bin -q --seed 3 --balance $m -o a in.jsonl; likert2bin -q --balance none in.jsonl | binbalance -q --seed 3 --method $m | cmp - a; done

# Each of the 86 ups 2 or 3 times: 214/86 = 2.49.
i=0; while [ $i -lt 300 ]; do echo '{"prompt":"p'$i'","completion":"c","label":'$([ $((i % 7)) -lt 2 ] && echo true || echo false)'}'; i=$((i + 1)); done >in.jsonl
binstat --json -o counts.json in.jsonl
for seed in 0 1 2; do binbalance -q --counts counts.json --seed $seed in.jsonl | grep true | sort | uniq -c | awk '{ print $1 }' | sort -u | tr '\n' ' '; done

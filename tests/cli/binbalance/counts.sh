# Three shards, balanced by the counts of all, are together what one file gives; the classes come out about equal.
i=0; while [ $i -lt 300 ]; do echo '{"prompt":"p'$i'","completion":"c","label":'$([ $((i % 7)) -lt 2 ] && echo true || echo false)'}'; i=$((i + 1)); done >in.jsonl
binstat --json -o counts.json in.jsonl
for m in oversample undersample weight; do
    binbalance --method $m --counts counts.json -o whole in.jsonl
    for s in 0 1 2; do awk "NR % 3 == $s" in.jsonl | binbalance -q --method $m --counts counts.json; done | sort >shards
    sort whole | cmp - shards
done

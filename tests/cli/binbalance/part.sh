# Parts of any size, with duplicates in them, together come out at the ratio exactly, and are what one file gives.
seq 300 | awk '{ printf "{\"prompt\":\"p%d\",\"completion\":\"c\",\"label\":%s}\n", $1 / 2, $1 % 7 < 2 ? "true" : "false" }' >in.jsonl
binstat --json -o whole.json in.jsonl
for ends in '1 2 300' '100 200 300' '7 150 290 300' '300'; do
    start=1 part=0 counts=
    for end in $ends; do
        part=$((part + 1))
        sed -n "$start,${end}p" in.jsonl >part$part.jsonl
        binstat --json -o $part.json part$part.jsonl
        counts="$counts --counts $part.json" start=$((end + 1))
    done
    for method in oversample undersample; do
        for ratio in 1:1 3:1 2:7; do
            options="--method $method --ratio $ratio --seed $part"
            binbalance -q $options --counts whole.json --part 1 -o whole.jsonl in.jsonl
            for i in $(seq $part); do binbalance -q $options $counts --part $i part$i.jsonl; done >parts.jsonl
            sort whole.jsonl >whole.sorted
            sort parts.jsonl | cmp - whole.sorted || echo "parts and whole differ: $ends $options"
            binbalance -q $options in.jsonl | grep -o '"label":[a-z]*' | sort | uniq -c >plain
            grep -o '"label":[a-z]*' parts.jsonl | sort | uniq -c | cmp - plain || echo "other counts: $ends $options"
        done
    done
done

# A day's new records never move an old one, whatever is added before or behind it.
i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
head -n 100 in.jsonl >old.jsonl
for seed in 0 1 2 3 4; do
    binsplit -q --seed $seed --share 0.3 --test-share 0.2 --train t0 --valid v0 --test e0 old.jsonl
    tac in.jsonl | binsplit -q --seed $seed --share 0.3 --test-share 0.2 --train t1 --valid v1 --test e1
    for side in t v e; do sort ${side}0 >a; sort ${side}1 | comm -13 - a | wc -l; done
done | sort | uniq -c | sed 's/^ *//' 

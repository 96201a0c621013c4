i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
binsplit -q --train a --valid va in.jsonl; binsplit -q --train b --valid vb --seed 0 in.jsonl; binsplit -q --train c --valid vc --seed 1 in.jsonl
cmp a b; cmp -s a c || echo another seed, another split

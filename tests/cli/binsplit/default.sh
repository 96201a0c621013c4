# Both completions of a prompt are on one side, and nothing is lost.
i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
binsplit --train train.jsonl --valid valid.jsonl in.jsonl
sort in.jsonl >a; cat train.jsonl valid.jsonl | sort | cmp - a
cut -d, -f 1 train.jsonl | sort -u >t; cut -d, -f 1 valid.jsonl | sort -u | comm -12 - t | wc -l

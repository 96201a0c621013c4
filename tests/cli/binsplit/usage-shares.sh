i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
binsplit --train a --valid b --test c --share 0.6 --test-share 0.4 in.jsonl

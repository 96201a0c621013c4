i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
binsplit --train t --valid v --test e --share 0.2 --test-share 0.2 in.jsonl

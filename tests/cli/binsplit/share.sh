i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
for share in 0 0.5 0.9; do binsplit --share $share --train t --valid v in.jsonl; done

i=0; while [ $i -lt 40 ]; do echo '{"prompt":"p'$i'","user":{"id":'$((i % 4))'}}'; i=$((i + 1)); done >in.jsonl
binsplit --by user.id --share 0.5 --train t --valid v in.jsonl; cut -d: -f 4 t | sort | uniq -c; cut -d: -f 4 v | sort | uniq -c

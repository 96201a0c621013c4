i=0; while [ $i -lt 200 ]; do echo '{"prompt":"p'$((i / 2))'","completion":"c'$i'","label":true}'; i=$((i + 1)); done >in.jsonl
binsplit -q --train t.jsonl.zst --valid v.jsonl.gz in.jsonl; zstd -qdc t.jsonl.zst >t; gzip -dc v.jsonl.gz >>t; wc -l <t

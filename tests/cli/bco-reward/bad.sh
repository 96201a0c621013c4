M=$ROOT/examples/demo/model
try() { bco-reward "$@" >out; echo "exit $?" >&2; }
bco-refcache -q -m "$M" "$ROOT/examples/data/records.jsonl" >ref.jsonl
try ref.jsonl
try -m "$M" --json ref.jsonl
try -m no-such-model ref.jsonl
try -m "$M" no-such-file
try -m "$M" /dev/null
try -m "$M" "$ROOT/examples/data/records.jsonl"
sed '2s/"ref_logp":[^,]*/"ref_logp":"x"/' ref.jsonl | try -m "$M"
sed '2s/256\.128/200.128/' ref.jsonl | try -m "$M"
try -m "$M" --max-length 100 --no-eos ref.jsonl
sed '2s/"ref_id":"[^"]*"/"ref_id":"mine"/' ref.jsonl | try -m "$M"
sed 's/,"ref_id":"[^"]*"//; s/"ref_tokens":[0-9]*/"ref_tokens":1/' ref.jsonl | try -m "$M"
sed 's/"label":[a-z]*,//' ref.jsonl | try -m "$M" --summary
sed '2s/"completion":"[^"]*"/"completion":""/' ref.jsonl | try -m "$M" --rejects bad.jsonl
sed -E 's/ref_logp.*/.../' bad.jsonl
wc -l <out

# --logp is what bco-refcache says of the same completion, EOS included where one ended it.
M=$ROOT/examples/demo/model
"$BUILD/examples/demo/world" questions held-out | head -n 40 >questions
bco-generate -q -m "$M" -n 3 --temperature 1.2 --top-k 30 --repetition-penalty 1.1 --logp questions >out
grep -c '"finish":"stop"' out
check() { jq -r 'select((.logp - .ref_logp | fabs) > 1e-5 * (1 - .logp)) | "differs: \(.logp) \(.ref_logp)"'; }
grep '"finish":"stop"' out | bco-refcache -q -m "$M" | check
bco-generate -q -m "$M" --max-new-tokens 4 --logp questions | grep '"length"' | bco-refcache -q --no-eos -m "$M" | check

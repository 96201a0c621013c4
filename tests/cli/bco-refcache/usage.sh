[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
bco-refcache </dev/null; echo $?
bco-refcache -m "$model" --shard 0/3 </dev/null; echo $?
bco-refcache -m "$model" --shard 4/3 </dev/null; echo $?
bco-refcache -m "$model" --shard 1of3 </dev/null; echo $?
bco-refcache -m "$model" --overlong cut </dev/null; echo $?
bco-refcache -m "$model" --precision f16 </dev/null; echo $?
bco-refcache -m "$model" --max-length 1 </dev/null; echo $?
bco-refcache -m "$model" --max-length 1000000 --ids </dev/null; echo $?
bco-refcache -m "$model" --kto-batch 8 </dev/null; echo $?
bco-refcache -m "$model" --kto --kto-batch 1 </dev/null; echo $?

[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
mkdir m && cp "$model/config.json" m/
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5]}' | bco-refcache -m m --ids; echo $?
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5]}' | bco-refcache -m none --ids; echo $?
mkdir empty
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5]}' | bco-refcache -m empty --ids; echo $?
printf '%s\n' '{"prompt":"a","completion":"b"}' | bco-refcache -m "$model"; echo $?

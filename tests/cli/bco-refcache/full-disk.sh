[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5]}' | bco-refcache -q -m "$model" --ids >/dev/full; echo $?
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5]}' | bco-refcache -q -m "$model" --ids -o none/out; echo $?

[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
printf '%s\n' '{"prompt_ids":[3,4],"chosen_ids":[5,6,2],"rejected_ids":[7,2]}' |
    bco-refcache -m "$model" --ids | sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'

# Fields that are there are replaced in place.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
printf '%s\n' '{"ref_logp":1,"prompt_ids":[3,4],"ref_id":"old","completion_ids":[5,6,2]}' |
    bco-refcache -m "$model" --ids | sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'

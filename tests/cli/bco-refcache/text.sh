[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/models/tinystories-656k
printf '%s\n' '{"prompt":"Once upon","completion":" a time","label":true}' |
    bco-refcache -m "$model" | sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'

[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
printf '%s\n' '{"prompt_ids":[],"completion_ids":[5]}' | bco-refcache -m "$model" --ids -o out; code=$?; ls; exit $code

# Fields pass through; the same sequence is computed once.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
cat >in.jsonl <<'EOF'
{"id":7,"prompt_ids":[3,4],"completion_ids":[5,6,2],"label":true,"note":{"a":1.0}}
{"prompt_ids":[3,4],"completion_ids":[9],"label":false}
{"prompt_ids":[3,4],"completion_ids":[5,6,2],"label":false}
EOF
bco-refcache -m "$model" --ids in.jsonl | sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'

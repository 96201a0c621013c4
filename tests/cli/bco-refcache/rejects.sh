[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
cat >in.jsonl <<'EOF'
{"prompt_ids":[3,4],"completion_ids":[5,6,2]}
{"prompt_ids":[3,4]}
not json
{"prompt_ids":[3,4],"completion_ids":[99999]}
{"prompt_ids":[],"completion_ids":[5]}
{"prompt_ids":[3],"completion_ids":[]}
EOF
bco-refcache -m "$model" --ids --rejects bad.jsonl in.jsonl | sed -E 's/(-[0-9]+\.[0-9]{3})[0-9]*/\1/g; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'
cat bad.jsonl

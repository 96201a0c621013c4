[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5],"ref_logp":-1}' | bco-train -m "$model" --ids -o out

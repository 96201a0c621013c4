[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
mkdir m && cp "$model/config.json" m/
printf '%s\n' '{"prompt_ids":[3,4],"completion_ids":[5],"label":true,"ref_logp":-1}' | bco-train -q -m m --ids -o out; echo $?

[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for x in '"-1"' 1e999 null true; do
    rm -rf out
    printf '{"prompt_ids":[3,4],"completion_ids":[5],"label":true,"ref_logp":%s}\n' "$x" | bco-train -q -m "$model" --ids -o out
    echo $?
done

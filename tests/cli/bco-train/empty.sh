[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
bco-train -m "$model" --ids -o out </dev/null; echo $?
[ ! -e out ] || echo "a folder was left"

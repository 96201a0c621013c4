# A tokenizer whose ids the model does not have.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
mkdir m && cp "$model"/* m/ && cp "$SHARED/models/tinystories-656k/"tokenizer* m/
printf '%s\n' '{"prompt":"Once upon a time","completion":" there was"}' | bco-refcache -m m; echo $?

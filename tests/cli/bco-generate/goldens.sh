# The greedy continuations of transformers, for every family; the same weights in other files; an adapter, and what it is merged to.
[ -n "${SHARED-}" ] || { echo "no shared folder"; exit 77; }
models=$SHARED/golden/models
ask() { bco-generate -q -m "$@" --ids --greedy --ignore-eos --max-new-tokens 24; }
wanted() {
    sed -n 's/.*"greedy":{"prompt":\(\[[^]]*\]\),"ids":\(\[[^]]*\]\).*/{"prompt_ids":\1,"completion_ids":\2,"finish":"length"}/p' "$1/golden.json"
}
for model in "$models"/*; do
    name=${model##*/}
    [ -f "$model/golden.json" ] || continue
    wanted "$model" >want
    [ -s want ] || continue
    echo "$name: $(sed 's/,"completion_ids.*/}/' want | ask "$model" | cmp - want && echo same)"
done
for pair in gpt2-bare:gpt2 llama-gqa-tied-sharded:llama-gqa-tied qwen2-sharded:qwen2; do
    wanted "$models/${pair#*:}" >want
    echo "${pair%:*}: $(sed 's/,"completion_ids.*/}/' want | ask "$models/${pair%:*}" | cmp - want && echo same)"
done
for name in llama-gqa-tied gpt2; do
    wanted "$models/$name" | sed 's/,"completion_ids.*/}/' >prompt
    bco-merge -q -m "$models/$name" -a "$models/$name-lora" -o merged
    ask "$models/$name" -a "$models/$name-lora" <prompt >with
    ask merged <prompt | cmp - with && echo "$name-lora: as merged"
    wanted "$models/$name" | cmp -s - with || echo "$name-lora: other than without"
    rm -r merged
done

# usage: classifier FOLDER: makes a reward model of the demo's model, its head the embedding's row of token 40.
classifier() {
    local from=$ROOT/examples/demo/model size data start end
    mkdir "$1"
    cp "$from"/tokenizer* "$1"
    sed 's/ForCausalLM/ForSequenceClassification/; s/"tie_word_embeddings": true/"id2label": {"0": "LABEL_0"}, "tie_word_embeddings": false/' \
        "$from/config.json" >"$1/config.json"
    size=$(od -An -tu8 -N8 "$from/model.safetensors" | tr -d ' ')
    data=$(($(wc -c <"$from/model.safetensors") - 8 - size))
    end=$((data + 256))
    tail -c +9 "$from/model.safetensors" | head -c "$size" |
        jq -c ". + {\"score.weight\":{\"dtype\":\"F32\",\"shape\":[1,64],\"data_offsets\":[$data,$end]}}" >"$1/header"
    while [ $(($(wc -c <"$1/header") % 8)) -ne 0 ]; do printf ' ' >>"$1/header"; done
    start=$(tail -c +9 "$from/model.safetensors" | head -c "$size" | jq '."model.embed_tokens.weight".data_offsets[0]')
    {
        size_now=$(wc -c <"$1/header")
        printf "$(printf '\\%03o\\%03o\\000\\000\\000\\000\\000\\000' $((size_now % 256)) $((size_now / 256)))"
        cat "$1/header"
        tail -c +$((9 + size)) "$from/model.safetensors"
        tail -c +$((9 + size + start + 40 * 256)) "$from/model.safetensors" | head -c 256
    } >"$1/model.safetensors"
    rm "$1/header"
}

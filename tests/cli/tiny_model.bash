# usage: tiny_model FOLDER [SEED]: makes a model of a few thousand weights, drawn at random, for --ids.
tiny_model() {
    mkdir "$1.shape"
    cat >"$1.shape/config.json" <<'END'
{
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 48, "intermediate_size": 112,
  "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "vocab_size": 384, "hidden_act": "silu",
  "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "initializer_range": 0.15,
  "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2
}
END
    echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
        bco-train -q -m "$1.shape" --ids --init random --seed "${2:-1}" --loss sft --lr 0 --steps 1 -o "$1"
}

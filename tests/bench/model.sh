# Log-probs and gradients of a model of SmolLM2-135M's shape with random weights, beside the machine's own limits:
# tokens a second, and the share of the matrix product's speed, counting 2 x parameters x tokens for log-probs and
# 6 x for gradients (the output projection counted for every token, though only completions have it).
set -eu
mkdir -p model
cat >model/config.json <<'END'
{
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536,
  "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
  "max_position_embeddings": 8192, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 100000,
  "tie_word_embeddings": true, "initializer_range": 0.041666666666666664
}
END
${CC:-cc} -O2 -std=c17 -fopenmp -o bench "$ROOT/tests/bench/model.c" \
    $(PKG_CONFIG_PATH=$BUILD pkg-config --cflags --libs bco) -lopenblas
./bench model

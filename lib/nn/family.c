#include "nn/family.h"

#include <string.h>

#define LLAMA_KEYS                                                                                                     \
    {                                                                                                                  \
        .channels = "hidden_size", .layers = "num_hidden_layers", .heads = "num_attention_heads",                      \
        .hidden = "intermediate_size", .positions = "max_position_embeddings", .eps = "rms_norm_eps",                  \
        .activation = "hidden_act"                                                                                     \
    }

#define LLAMA_NAMES                                                                                                    \
    .root = "model.", .embedding = "embed_tokens", .layer = "layers.%zu.", .final_norm = "norm", .head = "lm_head",    \
    .norm1 = "input_layernorm", .norm2 = "post_attention_layernorm", .o = "self_attn.o_proj", .down = "mlp.down_proj"

#define LLAMA_PROJECTIONS                                                                                              \
    .q = "self_attn.q_proj", .k = "self_attn.k_proj", .v = "self_attn.v_proj", .gate = "mlp.gate_proj",                \
    .up = "mlp.up_proj"

static const struct bco_family families[] = {
    {.type = "llama",
     .architecture = "LlamaForCausalLM",
     .norm = BCO_NORM_RMS,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .mlp_bias = BCO_BY_CONFIG,
     .gated = true,
     .rope_theta = 10000,
     .eps = 1e-6,
     .keys = LLAMA_KEYS,
     .names = {LLAMA_NAMES, LLAMA_PROJECTIONS}},
};

const struct bco_family *bco_family_at(size_t i) {
    return i < sizeof families / sizeof *families ? &families[i] : NULL;
}

const struct bco_family *bco_family_find(const char *architecture, const char *type) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (architecture ? strcmp(architecture, families[i].architecture) == 0
                         : type && strcmp(type, families[i].type) == 0)
            return &families[i];
    return NULL;
}

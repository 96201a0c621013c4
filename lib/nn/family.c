#include "nn/family.h"

#include <string.h>

#define KEYS(activation_key)                                                                                           \
    .keys = {.channels = "hidden_size",                                                                                \
             .layers = "num_hidden_layers",                                                                            \
             .heads = "num_attention_heads",                                                                           \
             .hidden = "intermediate_size",                                                                            \
             .positions = "max_position_embeddings",                                                                   \
             .eps = "rms_norm_eps",                                                                                    \
             .activation = (activation_key)}

/* What nearly all families share with Llama. */
#define LLAMA KEYS("hidden_act"), .norm = BCO_NORM_RMS, .gated = true, .activation = "silu"

#define NAMES                                                                                                          \
    .root = "model.", .embedding = "embed_tokens", .layer = "layers.%zu.", .final_norm = "norm", .head = "lm_head",    \
    .o = "self_attn.o_proj", .down = "mlp.down_proj"
#define NORMS_BEFORE .norm1 = "input_layernorm", .norm2 = "post_attention_layernorm"
#define QKV .q = "self_attn.q_proj", .k = "self_attn.k_proj", .v = "self_attn.v_proj"
#define QK_NORMS .q_norm = "self_attn.q_norm", .k_norm = "self_attn.k_norm"
#define GATE_UP .gate = "mlp.gate_proj", .up = "mlp.up_proj"

static const struct bco_family families[] = {
    {.type = "llama",
     .architecture = "LlamaForCausalLM",
     .classifier = "LlamaForSequenceClassification",
     LLAMA,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .mlp_bias = BCO_BY_CONFIG,
     .rope_theta = 10000,
     .eps = 1e-6,
     .positions = 2048,
     .names = {NAMES, NORMS_BEFORE, QKV, GATE_UP}},

    {.type = "mistral",
     .architecture = "MistralForCausalLM",
     .classifier = "MistralForSequenceClassification",
     LLAMA,
     .window = BCO_WINDOW_IF_SET,
     .rope_theta = 10000,
     .eps = 1e-6,
     .kv_heads = 8,
     .positions = 131072,
     .names = {NAMES, NORMS_BEFORE, QKV, GATE_UP}},

    {.type = "qwen2",
     .architecture = "Qwen2ForCausalLM",
     .classifier = "Qwen2ForSequenceClassification",
     LLAMA,
     .qkv_bias = BCO_ALWAYS,
     .window = BCO_WINDOW_IF_USED,
     .rope_theta = 10000,
     .eps = 1e-6,
     .kv_heads = 32,
     .positions = 32768,
     .names = {NAMES, NORMS_BEFORE, QKV, GATE_UP}},

    {.type = "qwen3",
     .architecture = "Qwen3ForCausalLM",
     .classifier = "Qwen3ForSequenceClassification",
     LLAMA,
     .qk_norm = BCO_QK_HEAD,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .window = BCO_WINDOW_IF_USED,
     .rope_theta = 10000,
     .eps = 1e-6,
     .kv_heads = 32,
     .head_dim = 128,
     .positions = 32768,
     .names = {NAMES, NORMS_BEFORE, QKV, QK_NORMS, GATE_UP}},

    {.type = "gpt2",
     .architecture = "GPT2LMHeadModel",
     .classifier = "GPT2ForSequenceClassification",
     .keys = {.channels = "n_embd",
              .layers = "n_layer",
              .heads = "n_head",
              .hidden = "n_inner",
              .positions = "n_positions",
              .eps = "layer_norm_epsilon",
              .activation = "activation_function"},
     .norm = BCO_NORM_LAYER,
     .qkv_bias = BCO_ALWAYS,
     .o_bias = BCO_ALWAYS,
     .mlp_bias = BCO_ALWAYS,
     .by_input = true,
     .tied = true,
     .learned_positions = true,
     .eps = 1e-5,
     .positions = 1024,
     .activation = "gelu_new",
     .names = {.root = "transformer.",
               .bare = true,
               .embedding = "wte",
               .positions = "wpe",
               .layer = "h.%zu.",
               .final_norm = "ln_f",
               .head = "lm_head",
               .norm1 = "ln_1",
               .norm2 = "ln_2",
               .qkv = "attn.c_attn",
               .o = "attn.c_proj",
               .up = "mlp.c_fc",
               .down = "mlp.c_proj"}},

    {.type = "phi3",
     .architecture = "Phi3ForCausalLM",
     .classifier = "Phi3ForSequenceClassification",
     LLAMA,
     .window = BCO_WINDOW_IF_SET,
     .partial_rope = true,
     .rope_theta = 10000,
     .eps = 1e-5,
     .positions = 4096,
     .names = {NAMES, NORMS_BEFORE, .qkv = "self_attn.qkv_proj", .gate_up = "mlp.gate_up_proj"}},

    {.type = "olmo2",
     .architecture = "Olmo2ForCausalLM",
     LLAMA,
     .qk_norm = BCO_QK_WHOLE,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .rope_theta = 10000,
     .eps = 1e-5,
     .positions = 2048,
     .names = {NAMES, .after1 = "post_attention_layernorm", .after2 = "post_feedforward_layernorm", QKV, QK_NORMS,
               GATE_UP}},

    {.type = "smollm3",
     .architecture = "SmolLM3ForCausalLM",
     .classifier = "SmolLM3ForSequenceClassification",
     LLAMA,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .mlp_bias = BCO_BY_CONFIG,
     .tied = true,
     .window = BCO_WINDOW_NO_ROPE,
     .rope_by_layer = true,
     .rope_theta = 2000000,
     .eps = 1e-6,
     .kv_heads = 4,
     .positions = 32768,
     .names = {NAMES, NORMS_BEFORE, QKV, GATE_UP}},

    {.type = "granite",
     .architecture = "GraniteForCausalLM",
     LLAMA,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .mlp_bias = BCO_BY_CONFIG,
     .multipliers = true,
     .rope_theta = 10000,
     .eps = 1e-6,
     .positions = 2048,
     .names = {NAMES, NORMS_BEFORE, QKV, GATE_UP}},

    {.type = "gemma3_text",
     .architecture = "Gemma3ForCausalLM",
     KEYS("hidden_activation"),
     .norm = BCO_NORM_RMS_PLUS_ONE,
     .qk_norm = BCO_QK_HEAD,
     .qkv_bias = BCO_BY_CONFIG,
     .o_bias = BCO_BY_CONFIG,
     .gated = true,
     .tied = true,
     .root_scale = true,
     .window = BCO_WINDOW_BY_LAYER,
     .rope_local = true,
     .rope_theta = 1000000,
     .eps = 1e-6,
     .kv_heads = 4,
     .head_dim = 256,
     .positions = 131072,
     .activation = "gelu_pytorch_tanh",
     .names = {NAMES, .norm1 = "input_layernorm", .after1 = "post_attention_layernorm",
               .norm2 = "pre_feedforward_layernorm", .after2 = "post_feedforward_layernorm", QKV, QK_NORMS, GATE_UP}},
};

static bool is_called(const struct bco_family *family, const char *architecture) {
    return strcmp(architecture, family->architecture) == 0 ||
           (family->classifier && strcmp(architecture, family->classifier) == 0);
}

const struct bco_family *bco_family_find(const char *architecture, const char *type) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (architecture ? is_called(&families[i], architecture) : type && strcmp(type, families[i].type) == 0)
            return &families[i];
    return NULL;
}

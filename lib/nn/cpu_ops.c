#include "nn/cpu.h"

const struct bco_ops bco_cpu_ops = {
    .name = "cpu",
    .matmul = bco_cpu_matmul,
    .linear = bco_cpu_linear,
    .linear_backward = bco_cpu_linear_backward,
    .norm = bco_cpu_norm,
    .norm_backward = bco_cpu_norm_backward,
    .rope = bco_cpu_rope,
    .rope_backward = bco_cpu_rope_backward,
    .attention = bco_cpu_attention,
    .attention_backward = bco_cpu_attention_backward,
    .attention_scratch = bco_cpu_attention_scratch,
    .activation = bco_cpu_activation,
    .activation_backward = bco_cpu_activation_backward,
    .embedding = bco_cpu_embedding,
    .embedding_half = bco_cpu_embedding_half,
    .embedding_backward = bco_cpu_embedding_backward,
    .add = bco_cpu_add,
    .softmax = bco_cpu_softmax,
    .softmax_backward = bco_cpu_softmax_backward,
    .sum_of_squares = bco_cpu_sum_of_squares,
};

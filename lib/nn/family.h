/* What makes a family of models: one row a family, read by one transformer. */
#ifndef BCO_NN_FAMILY_H
#define BCO_NN_FAMILY_H

#include "nn/ops.h"

/* Where config.json may decide, and where the family does. */
enum bco_choice { BCO_NEVER, BCO_ALWAYS, BCO_BY_CONFIG };

/* Where sliding_window shortens attention. */
enum bco_window {
    BCO_WINDOW_NONE,
    BCO_WINDOW_IF_SET,   /* in all layers, where it is not null */
    BCO_WINDOW_IF_USED,  /* with use_sliding_window: in the layers of layer_types, else from max_window_layers on */
    BCO_WINDOW_NO_ROPE,  /* the same, else in the layers without RoPE */
    BCO_WINDOW_BY_LAYER, /* in the layers of layer_types, else all but every sixth */
};

enum bco_qk_norm { BCO_QK_NONE, BCO_QK_HEAD, BCO_QK_WHOLE };

/* Keys of config.json. */
struct bco_keys {
    const char *channels, *layers, *heads, *hidden, *positions, *eps, *activation;
};

/* Tensor names; %zu in `layer` is the layer. NULL: there is no such tensor.
 * Weights are `name.weight`, biases `name.bias`. Either qkv or q, k, v; either
 * gate_up or gate and up (up alone without a gate). */
struct bco_names {
    const char *root; /* in front of all but the head; a checkpoint without it is legal where `bare` */
    bool bare;
    const char *embedding, *positions, *layer, *final_norm, *head;
    const char *norm1, *after1, *norm2, *after2; /* before and after attention, before and after the feed-forward */
    const char *q, *k, *v, *qkv, *q_norm, *k_norm, *o;
    const char *gate, *up, *gate_up, *down;
};

struct bco_family {
    const char *type;         /* config.json's model_type */
    const char *architecture; /* its architectures[0] */
    const char *classifier;   /* architectures[0] with a scalar head instead of lm_head; NULL: none known */
    enum bco_norm_kind norm;
    enum bco_qk_norm qk_norm;
    enum bco_choice qkv_bias, o_bias, mlp_bias;
    bool gated;    /* the feed-forward has a gate */
    bool by_input; /* matrices are stored [in,out] */
    bool tied;     /* where config.json does not say */
    bool learned_positions;
    bool multipliers; /* embedding_, residual_, attention_multiplier and logits_scaling */
    bool root_scale;  /* embeddings times sqrt(C), attention by query_pre_attn_scalar */
    enum bco_window window;
    bool partial_rope;  /* partial_rotary_factor */
    bool rope_by_layer; /* no_rope_layers */
    bool rope_local;    /* rope_local_base_freq in layers with a window */
    /* Where config.json does not say; 0: as config.c describes. */
    double rope_theta, eps;
    size_t kv_heads, head_dim, positions;
    const char *activation;
    struct bco_keys keys;
    struct bco_names names;
};

const struct bco_family *bco_family_find(const char *architecture, const char *type); /* either may be NULL */

#endif

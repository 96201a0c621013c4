/* config.json, checked: what the transformer is built from. */
#ifndef BCO_NN_CONFIG_H
#define BCO_NN_CONFIG_H

#include "nn/family.h"

#include <bco/error.h>

#define BCO_LAYERS_MAX 4096

enum bco_rope_kind { BCO_ROPE_DEFAULT, BCO_ROPE_LINEAR, BCO_ROPE_LLAMA3 };

struct bco_rope_config {
    enum bco_rope_kind kind;
    size_t pairs; /* of elements of a head that turn */
    double theta, local_theta;
    double factor, low_factor, high_factor, original_positions; /* of the kinds that have them */
};

struct bco_config {
    const struct bco_family *family;
    size_t channels, layers, heads, kv_heads, head_dim, hidden, vocabulary, positions;
    double eps, initializer_range;
    bool classifier; /* *ForSequenceClassification with one label */
    bool tied, qkv_bias, o_bias, mlp_bias;
    enum bco_activation activation;
    struct bco_rope_config rope;
    size_t window; /* 0: none */
    double embedding_scale, residual_scale, attention_scale, logit_scale;
    unsigned char *windowed; /* [layers]: the window counts here */
    unsigned char *turned;   /* [layers]: RoPE acts here */
};

/* Reads `size` bytes of JSON; `path` is for messages. */
enum bco_code bco_config_parse(struct bco_config *config, const char *json, size_t size, const char *path,
                               struct bco_error *err);
void bco_config_free(struct bco_config *config); /* what it owns; the struct is the caller's */

#endif

/* The inside of a model, shared by the files of this floor. */
#ifndef BCO_NN_MODEL_H
#define BCO_NN_MODEL_H

#include "nn/config.h"
#include "nn/ops.h"

#include <bco/model.h>

enum bco_start { BCO_START_RANDOM, BCO_START_ONES, BCO_START_ZEROS };

/* A weight under its Hugging Face name. */
struct bco_slot {
    char *name;
    size_t dims, shape[2], count;
    size_t offset;        /* in the model's weights and gradients, in floats */
    enum bco_start start; /* of --init random */
};

struct bco_layer {
    struct bco_norm norm1, after1, norm2, after2, q_norm, k_norm; /* kind BCO_NORM_NONE: absent */
    struct bco_linear qkv, o, gate_up, down;
};

/* Angles by position: the family's base, and the layers' with a window where that is another. */
struct bco_angles {
    float *cosines, *sines; /* [positions, pairs] */
    size_t positions;
};

struct bco_model {
    char *dir;
    struct bco_config config;
    const struct bco_ops *ops;
    struct bco_team team;
    bool trainable, recompute;
    bool bare;            /* the folder's tensor names lack the family's root */
    enum bco_dtype dtype; /* of the folder's tensors */
    uint32_t fingerprint;

    struct bco_slot *slots;
    size_t slot_count, slot_capacity;
    uint64_t parameters;
    size_t floats; /* of weights and of gradients, gaps of alignment included */
    float *weights, *gradients;

    struct bco_layer *layers; /* [config.layers] */
    struct bco_linear head;
    struct bco_norm final_norm;
    float *embedding, *dembedding;           /* [V, C] */
    float *position_table, *dposition_table; /* [positions, C] or NULL */
    struct bco_angles angles, local_angles;

    char *workspace; /* of a pass, kept between calls */
    size_t workspace_size;
};

/* Lists all weights: slots and sizes, no memory for them yet. */
enum bco_code bco_model_layout(struct bco_model *model, struct bco_error *err);
/* Gives them memory and points the layers at them. */
enum bco_code bco_model_place(struct bco_model *model, struct bco_error *err);
/* Checks the folder's tensors against the slots, calls bco_model_place, reads; NaN and infinities are errors. */
enum bco_code bco_model_load(struct bco_model *model, struct bco_error *err);
/* Draws them: normal(0, initializer_range) for matrices, norms 1, biases 0. */
void bco_model_draw(struct bco_model *model, uint64_t seed);
uint32_t bco_model_hash(const struct bco_model *model);

#endif

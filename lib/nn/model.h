/* The inside of a model, shared by the files of this floor. */
#ifndef BCO_NN_MODEL_H
#define BCO_NN_MODEL_H

#include "nn/config.h"
#include "nn/ops.h"

#include <bco/model.h>

enum bco_start {
    BCO_START_RANDOM, /* normal */
    BCO_START_LORA,   /* uniform within 1/sqrt(columns), as PEFT draws A */
    BCO_START_ONES,
    BCO_START_ZEROS,
};

struct bco_lora_config {
    size_t rank;
    double alpha;
    bool rslora; /* scale alpha / sqrt(rank), not alpha / rank */
    bool head;   /* with a classifier's head of its own */
};

/* A weight under its Hugging Face name. */
struct bco_slot {
    char *name;
    size_t dims, shape[2], count;
    size_t offset;        /* in the model's weights and gradients, in floats */
    enum bco_start start; /* of --init random */
    bool joined;          /* right behind the one before */
    bool wide;            /* never kept in 16 bits */
    bool half;            /* kept in 16 bits: offset is in the halves */
};

/* A set of weights in one piece of memory. */
struct bco_slots {
    struct bco_slot *slot;
    size_t count, capacity;
    uint64_t elements;          /* of all weights */
    size_t floats;              /* of memory, gaps of alignment included */
    float *weights, *gradients; /* [floats] each; gradients NULL where none are wanted */
    uint16_t *halves;           /* matrices that are kept in 16 bits, or NULL */
    bool bf16;                  /* their kind */
};

/* One more weight behind the others: a matrix [rows, columns], or a vector where
 * rows is 0. `joined`: right behind, without a gap. false: out of memory. */
bool bco_slots_add(struct bco_slots *slots, const char *name, size_t rows, size_t columns, enum bco_start start,
                   bool joined);
/* Memory for all of them, for the matrices of 16 bits an element where `half`; the
 * gradients are zero. false: out of memory. */
bool bco_slots_place(struct bco_slots *slots, bool gradients, bool half);
/* Elements [first, first+count) of one of them: where they are, or in `wide`. */
const float *bco_slot_values(const struct bco_slots *slots, const struct bco_slot *slot, size_t first, size_t count,
                             float *wide);
void bco_slots_free(struct bco_slots *slots);

/* LoRA (Hu et al., 2021) on one module: y += scale * (x A^T) B^T. */
struct bco_lora {
    size_t rank; /* 0: there is none */
    float scale;
    const float *a, *b; /* [rank, in], [out, rank] */
    float *da, *db;
};

/* One product, of up to three modules whose weights lie one behind the other. */
struct bco_projection {
    struct bco_linear linear;
    const char *module[3]; /* names inside the layer; NULL: none */
    size_t outs[3];
    struct bco_lora lora[3];
};

enum { BCO_QKV, BCO_O, BCO_UP, BCO_DOWN, BCO_PROJECTIONS };

struct bco_layer {
    struct bco_norm norm1, after1, norm2, after2, q_norm, k_norm; /* kind BCO_NORM_NONE: absent */
    struct bco_projection projection[BCO_PROJECTIONS];
};

/* Angles by position: the family's base, and the layers' with a window where that is another. */
struct bco_angles {
    float *cosines, *sines; /* [positions, pairs] */
    size_t positions;
};

/* An embedding; in 16 bits where weight is NULL. */
struct bco_table {
    const float *weight;
    float *dweight;
    struct bco_half half;
};

struct bco_model {
    char *dir;
    struct bco_config config;
    const struct bco_ops *ops;
    struct bco_team team;
    bool trainable, recompute;
    bool bare;                              /* the folder's tensor names lack the family's root */
    bool fresh_head;                        /* the classifier's head is not in the folder */
    bool new_head;                          /* nor in that of the adapter, which has one from now on */
    enum bco_dtype dtype;                   /* of the folder's tensors */
    uint32_t fingerprint, base_fingerprint; /* with an adapter that was read, and without */

    struct bco_slots base;
    struct bco_slots adapter; /* empty: there is none, or it is merged into the base */
    char *adapter_dir;        /* whose configuration is kept; NULL: a new one */
    struct bco_lora_config lora;
    struct bco_slots under; /* an adapter that was merged into the base below the one that is trained, or empty */
    struct bco_lora_config under_lora;

    struct bco_layer *layers; /* [config.layers] */
    struct bco_linear head;
    struct bco_norm final_norm;
    struct bco_table tokens;    /* [V, C] */
    struct bco_table positions; /* [positions, C], or empty */
    struct bco_angles angles, local_angles;

    char *workspace; /* of a pass, kept between calls */
    size_t workspace_size;
};

/* Lists all weights: slots and sizes, no memory for them yet. */
enum bco_code bco_model_layout(struct bco_model *model, struct bco_error *err);
/* Gives them memory and points the layers at them. */
enum bco_code bco_model_place(struct bco_model *model, bool gradients, bool half, struct bco_error *err);
/* Checks the folder's tensors against the slots, calls bco_model_place, reads, and
 * draws a head that is not there; NaN and infinities are errors. */
enum bco_code bco_model_load(struct bco_model *model, bool gradients, bool keep_half, uint64_t seed,
                             struct bco_error *err);
/* Draws one. */
void bco_model_draw(const struct bco_model *model, const struct bco_slot *slot, uint64_t seed, float *weight);
/* Sets both fingerprints. false: out of memory. */
bool bco_model_hash(struct bco_model *model);

/* The full name of a tensor; `layer` SIZE_MAX: of none. */
#define BCO_NAME_SIZE 256
extern const char bco_score_name[]; /* of a classifier's head, which lies outside the family's root */
void bco_model_name(const struct bco_model *model, size_t layer, const char *base, const char *suffix,
                    char name[BCO_NAME_SIZE]);

/* The slot of a name, or NULL. */
struct bco_slot *bco_slots_find(const struct bco_slots *slots, const char *name);
/* Ends what computes: BCO_ESYSTEM where memory for a product in bf16 was missing. */
enum bco_code bco_model_computed(struct bco_model *model, struct bco_error *err);

/* What is trained: the adapter where there is one, else all. */
static inline const struct bco_slots *bco_model_trained(const struct bco_model *model) {
    return model->adapter.count ? &model->adapter : &model->base;
}

#endif

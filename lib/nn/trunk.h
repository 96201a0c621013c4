/* The transformer without its head: ids in, hidden states out, and back. */
#ifndef BCO_NN_TRUNK_H
#define BCO_NN_TRUNK_H

#include "nn/project.h"

/* What a layer's backward needs of its forward. [T, ...] each; NULL where the family has no use for it. */
struct bco_stash {
    float *x;                  /* [C] the layer's input */
    float *norm1;              /* [2] statistics */
    float *qkv;                /* [(heads + 2 kv_heads) head_dim], turned */
    float *raw_qk;             /* q and k before their norms */
    float *qk_norm;            /* statistics of both */
    float *logsum;             /* [heads] */
    float *attention;          /* [heads * head_dim] */
    float *raw_after1;         /* [C] before the norm */
    float *after1;             /* [2] */
    float *middle;             /* [C] input of the feed-forward part */
    float *norm2;              /* [2] */
    float *gate_up;            /* [2F] or [F] */
    float *raw_after2;         /* [C] */
    float *after2;             /* [2] */
    float *u[BCO_PROJECTIONS]; /* [ranks] of adapters: x A^T */
};

/* Keys and values of tokens seen before, of one sequence; its memory grows with it. */
struct bco_held {
    float *k, *v; /* [layers, capacity, kv_heads*head_dim], v right behind k in one piece of memory */
    size_t capacity;
};

/* B blocks of new tokens, one behind the other; block b's follow past[b] tokens, which are in
 * cache[slot[b]] or, without a cache, the first ones of block leader[b] (whose own past is 0). */
struct bco_pass {
    size_t B, T;
    const size_t *starts; /* [B+1] */
    const int32_t *ids;   /* [T] */
    const struct bco_held *cache;
    const size_t *slot;          /* [B], with a cache */
    const size_t *past;          /* [B]; NULL: all 0 */
    const size_t *prompt_len;    /* [B], without a cache: tokens that may be shared; NULL: all 0 */
    const size_t *leader, *next; /* [B], with past and no cache: whose tokens they are; who has them next, 0: nobody */
    void *plan;                  /* of bco_pass_open */
    bool train;                  /* a backward follows */
    bool recompute;              /* which makes the layers' inside again instead of keeping it */
    size_t longest;              /* tokens, past ones included */

    /* From here on bco_trunk_prepare's. */
    int32_t *positions;                             /* [T] */
    struct bco_segment *segment;                    /* [B]; without a cache [2B], prompt and completion by turns */
    struct bco_stash *stash;                        /* [layers]; one for all where nothing is kept */
    float *x;                                       /* [T,C] the last layer's output */
    float *normed, *delta, *act;                    /* [T,C] [T,C] [T,F] */
    struct bco_low low;                             /* of adapters */
    float *dx, *dnormed, *dqkv, *dattention, *dact; /* train */
    char *rest;                                     /* of the workspace, `extra` bytes */
};

/* Makes room for the pass, and `extra` bytes behind it, in the model's workspace. */
enum bco_code bco_trunk_prepare(struct bco_model *model, struct bco_pass *pass, size_t extra, struct bco_error *err);
size_t bco_trunk_bytes(const struct bco_model *model,
                       const struct bco_pass *pass); /* from B, T, longest, train, recompute */

void bco_trunk_forward(struct bco_model *model, struct bco_pass *pass); /* fills pass->x */
/* From pass->dx, the gradient of pass->x; adds to all gradients. */
void bco_trunk_backward(struct bco_model *model, struct bco_pass *pass);

#endif

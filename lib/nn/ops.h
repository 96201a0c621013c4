/* The operators of a transformer, each with its backward, behind one table of
 * function pointers: a back end is one such table. All matrices are row-major;
 * ld is the distance between rows, in elements. Letters: T tokens (rows), C channels,
 * H heads, D head size, V vocabulary, F hidden size of the feed-forward.
 * A backward ADDS to the gradients of weights; what it does with the gradient
 * of its input is said at each. */
#ifndef BCO_NN_OPS_H
#define BCO_NN_OPS_H

#include "nn/half.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_bf16; /* bf16.h */

/* Who computes: `threads`, each with `scratch_size` floats of its own. */
struct bco_team {
    int threads;
    float *scratch; /* [threads * scratch_size] */
    size_t scratch_size;
    float *wide; /* [wide_size], where 16-bit matrices are widened: at least one of their rows */
    size_t wide_size;
    float *panel; /* [panel_size]: products are bco_cpu_rows.c's, each row of which depends on nothing but itself */
    size_t panel_size;
    struct bco_bf16 *bf16; /* NULL: all products are in f32 */
};

/* c[m,n] = alpha * op(a)[m,k] op(b)[k,n] + beta * c; op transposes where told.
 * b may be stored in 16 bits, without gaps between its rows: then b is NULL. */
struct bco_matmul {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    float alpha;
    const float *a;
    size_t lda;
    const float *b;
    size_t ldb;
    float beta;
    float *c;
    size_t ldc;
    struct bco_half b_half;
    bool exact;                    /* in f32, whatever the team has for the others */
    const struct bco_linear *next; /* NULL, or what follows: its weight is read ahead */
};

/* An operand whose rows are `ld` apart, or the transpose of one. */
struct bco_matrix {
    const float *at;
    size_t ld;
    bool transpose;
};

/* c[m,n] = alpha a b + beta c */
static inline struct bco_matmul bco_product(size_t m, size_t n, size_t k, float alpha, struct bco_matrix a,
                                            struct bco_matrix b, float beta, float *c, size_t ldc) {
    return (struct bco_matmul){.transpose_a = a.transpose,
                               .transpose_b = b.transpose,
                               .m = m,
                               .n = n,
                               .k = k,
                               .alpha = alpha,
                               .a = a.at,
                               .lda = a.ld,
                               .b = b.at,
                               .ldb = b.ld,
                               .beta = beta,
                               .c = c,
                               .ldc = ldc};
}

/* y[T,out] = x[T,in] W^T + bias. */
struct bco_linear {
    size_t in, out;
    bool by_input; /* the weight is [in,out] (GPT-2's Conv1D), not [out,in] */
    const float *weight;
    const float *bias; /* [out] or NULL */
    float *dweight, *dbias;
    struct bco_half half;          /* the weight, where it is stored in 16 bits; weight is NULL then */
    const struct bco_linear *next; /* which follows in a forward pass, or NULL */
};

enum bco_norm_kind {
    BCO_NORM_NONE,
    BCO_NORM_RMS,          /* y = x / sqrt(mean(x^2) + eps) * w */
    BCO_NORM_RMS_PLUS_ONE, /* ... * (1 + w) */
    BCO_NORM_LAYER,        /* y = (x - mean) / sqrt(var + eps) * w + b */
};

struct bco_norm {
    enum bco_norm_kind kind;
    size_t channels; /* normalised together */
    size_t groups;   /* of them in a row, one behind the other, sharing the weight */
    float eps;
    const float *weight, *bias; /* [channels]; bias only with BCO_NORM_LAYER */
    float *dweight, *dbias;
};

enum bco_activation {
    BCO_SILU_GATED, /* y = silu(gate) * up */
    BCO_GELU_GATED, /* y = gelu(gate) * up, gelu by tanh */
    BCO_GELU,       /* y = gelu(up), by tanh */
};

/* Rotary position embedding of the first 2*pairs elements of each head: elements i and
 * i+pairs turn by the angle of position t and frequency i. */
struct bco_rope {
    size_t pairs;
    const float *cosines, *sines; /* [positions, pairs] */
};

/* Causal attention of `heads` query heads over `kv_heads` key/value heads. */
struct bco_attention {
    size_t heads, kv_heads, head_dim;
    float scale;
    size_t window;         /* a token sees itself and the window-1 before it; 0: all before it */
    size_t ldq, ldkv, ldo; /* rows of q, of k and v, of the output */
    size_t max_keys;       /* the longest `keys` of the segments */
};

/* One sequence's part: `queries` new tokens, at rows from `first` of q and of the
 * output; the last of them is at position keys-1. Its first `shared` keys, all of them before its
 * queries, are the first ones of segment `leader`, which has all its keys itself. */
struct bco_segment {
    size_t first, queries, keys;
    const float *k, *v; /* [keys-shared, kv_heads*head_dim], of the other keys */
    float *dk, *dv;     /* as k and v; only for the backward, where queries == keys-shared */
    size_t shared, leader;
    size_t next; /* the segment after this one with the same leader, which comes first; 0: none. For the backward. */
};

struct bco_ops {
    const char *name;

    void (*matmul)(const struct bco_team *team, const struct bco_matmul *product);
    void (*linear)(const struct bco_team *team, const struct bco_linear *linear, size_t T, const float *x, float *y);
    /* dx = dy W, written over, or added where `add`; dx NULL: not wanted. */
    void (*linear_backward)(const struct bco_team *team, const struct bco_linear *linear, size_t T, const float *x,
                            const float *dy, float *dx, bool add);

    /* statistics: [T*groups*2], mean and 1/deviation, for the backward. x and y may be the same. */
    void (*norm)(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x, size_t ldx,
                 float *y, size_t ldy, float *statistics);
    /* dx written over, or added where `add`. dy and dx may be the same where not `add`. */
    void (*norm_backward)(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x,
                          size_t ldx, const float *statistics, const float *dy, size_t lddy, float *dx, size_t lddx,
                          bool add);

    /* In place, `heads` heads of `head_dim` in each row. The backward turns back. */
    void (*rope)(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads, size_t head_dim,
                 const int32_t *positions, float *x, size_t ld);
    void (*rope_backward)(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads,
                          size_t head_dim, const int32_t *positions, float *dx, size_t ld);

    /* logsum: [T, heads], ln of the softmax's sum, for the backward; NULL: not wanted. */
    void (*attention)(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                      const struct bco_segment *segment, const float *q, float *out, float *logsum);
    /* dq, dk, dv written over, with the rows of q, k, v; those of shared keys are summed. */
    void (*attention_backward)(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                               const struct bco_segment *segment, const float *q, const float *out, const float *logsum,
                               const float *dout, float *dq);
    size_t (*panel)(int threads, size_t T, size_t k); /* floats a product of T rows and k columns needs in the panel */
    size_t (*attention_scratch)(const struct bco_attention *shape); /* floats a thread needs */

    /* x: [T,2F], gate before up, or [T,F] where there is no gate; y: [T,F]. */
    void (*activation)(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, const float *x,
                       float *y);
    /* y = down(act(up(x))), as the three one after the other give it, in one go. false: not for these; nothing is done.
     */
    bool (*feed_forward)(const struct bco_team *team, const struct bco_linear *up, const struct bco_linear *down,
                         enum bco_activation kind, size_t T, const float *x, float *y);
    /* x becomes its own gradient. */
    void (*activation_backward)(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, float *x,
                                const float *dy);

    /* y[t] = scale * table[ids[t]], added where `add`. */
    void (*embedding)(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *table,
                      float scale, float *y, bool add);
    void (*embedding_half)(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, struct bco_half table,
                           float scale, float *y, bool add);
    void (*embedding_backward)(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *dy,
                               float scale, float *dtable);

    /* y[t] += scale * x[t], `count` elements. */
    void (*add)(const struct bco_team *team, size_t count, float scale, const float *x, float *y);

    /* logits[T,V] become exp(logit - greatest of the row) where `keep`; logp[t] =
     * ln softmax(logits[t])[targets[t]], sums[t] the softmax's sum. Sums in double. */
    void (*softmax)(const struct bco_team *team, size_t T, size_t V, float *logits, const int32_t *targets, bool keep,
                    double *logp, double *sums);
    /* What softmax kept becomes the gradient d(sum_t dlogp[t]*logp[t]) / d logits. */
    void (*softmax_backward)(const struct bco_team *team, size_t T, size_t V, float *kept, const int32_t *targets,
                             const double *sums, const double *dlogp);

    double (*sum_of_squares)(const struct bco_team *team, size_t count, const float *x); /* in double */
};

extern const struct bco_ops bco_cpu_ops;

/* The threads worth waking for `work` elements. */
int bco_team_for(const struct bco_team *team, size_t work);
/* Inside a parallel region: this thread's share of 0..count-1, in multiples of `grain`. */
void bco_team_share(size_t count, size_t grain, size_t *begin, size_t *end);
/* x becomes 0: each thread's share by itself, so that the first touch of new memory is shared too. */
void bco_team_clear(const struct bco_team *team, size_t count, float *x);
float *bco_team_scratch(const struct bco_team *team); /* of the calling thread */
/* c = alpha op(a) op(b) + beta c by the calling thread alone. */
void bco_matmul_single(const struct bco_matmul *product);

#endif

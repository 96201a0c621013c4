/* The CPU's operators, as ops.h describes them; cpu_ops.c makes the table. */
#ifndef BCO_NN_CPU_H
#define BCO_NN_CPU_H

#include "nn/ops.h"

size_t bco_cpu_panel(int threads, size_t T, size_t k);
/* The product that y = x W^T is, without the bias. */
struct bco_matmul bco_cpu_product(const struct bco_linear *linear, size_t T, const float *x, float *y);
bool bco_cpu_feed_forward(const struct bco_team *team, const struct bco_linear *up, const struct bco_linear *down,
                          enum bco_activation kind, size_t T, const float *x, float *y);
/* y = act(gate) * up, n elements; without a gate, y = act(up). */
void bco_cpu_activate(enum bco_activation kind, const float *gate, const float *up, float *y, size_t n);
void bco_cpu_matmul_rows(const struct bco_team *team, const struct bco_matmul *product);
void bco_cpu_matmul(const struct bco_team *team, const struct bco_matmul *product);
void bco_cpu_linear(const struct bco_team *team, const struct bco_linear *linear, size_t T, const float *x, float *y);
void bco_cpu_linear_backward(const struct bco_team *team, const struct bco_linear *linear, size_t T, const float *x,
                             const float *dy, float *dx, bool add);
void bco_cpu_norm(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x, size_t ldx,
                  float *y, size_t ldy, float *statistics);
void bco_cpu_norm_backward(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x,
                           size_t ldx, const float *statistics, const float *dy, size_t lddy, float *dx, size_t lddx,
                           bool add);
void bco_cpu_rope(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads, size_t head_dim,
                  const int32_t *positions, float *x, size_t ld);
void bco_cpu_rope_backward(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads,
                           size_t head_dim, const int32_t *positions, float *dx, size_t ld);
void bco_cpu_attention(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                       const struct bco_segment *segment, const float *q, float *out, float *logsum);
/* One query of each of `heads` heads, side by side, the first of which is the first of its group, against `keys` keys
 * of their key/value heads, side by side as well; scores: [BCO_ATTEND_HEADS, keys], scratch; logsum: NULL, or [heads];
 * ahead: keys that will be wanted next. */
enum { BCO_ATTEND_HEADS = 64 };
void bco_cpu_attend(const struct bco_attention *shape, size_t heads, const float *q, const float *k, const float *v,
                    const float *ahead, size_t keys, float *scores, float *out, float *logsum);
void bco_cpu_attention_backward(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                                const struct bco_segment *segment, const float *q, const float *out,
                                const float *logsum, const float *dout, float *dq);
size_t bco_cpu_attention_scratch(const struct bco_attention *shape);
void bco_cpu_activation(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, const float *x,
                        float *y);
void bco_cpu_activation_backward(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, float *x,
                                 const float *dy);
void bco_cpu_embedding(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *table,
                       float scale, float *y, bool add);
void bco_cpu_embedding_half(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, struct bco_half table,
                            float scale, float *y, bool add);
void bco_cpu_embedding_backward(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *dy,
                                float scale, float *dtable);
void bco_cpu_add(const struct bco_team *team, size_t count, float scale, const float *x, float *y);
void bco_cpu_softmax(const struct bco_team *team, size_t T, size_t V, float *logits, const int32_t *targets, bool keep,
                     double *logp, double *sums);
void bco_cpu_softmax_backward(const struct bco_team *team, size_t T, size_t V, float *kept, const int32_t *targets,
                              const double *sums, const double *dlogp);
double bco_cpu_sum_of_squares(const struct bco_team *team, size_t count, const float *x);

#endif

/* A layer's products with the adapters on them. */
#ifndef BCO_NN_PROJECT_H
#define BCO_NN_PROJECT_H

#include "nn/model.h"

/* Scratch of a projection with adapters; ranks: of all its modules together. */
struct bco_low {
    float *du;      /* [T, ranks] */
    float *a;       /* [ranks, in] */
    float *product; /* [ranks, in] or [rank, out] */
};

/* Of all modules; 0: none has an adapter. */
size_t bco_project_ranks(const struct bco_projection *projection);

/* y[T,out] from x[T,in]; u[T,ranks] becomes x A^T, which the backward needs. */
void bco_project(const struct bco_model *model, size_t T, const struct bco_projection *projection, const float *x,
                 const struct bco_low *low, float *u, float *y);
/* dx[T,in] written over, NULL: not wanted; adds to the gradients of whatever is trained. */
void bco_project_backward(const struct bco_model *model, size_t T, const struct bco_projection *projection,
                          const float *x, const float *dy, const struct bco_low *low, const float *u, float *dx);

#endif

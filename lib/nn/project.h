/* A layer's products with the adapters on them. */
#ifndef BCO_NN_PROJECT_H
#define BCO_NN_PROJECT_H

#include "nn/model.h"

/* y[T,out] from x[T,in]; `low`: scratch, [T, 2 rank]. */
void bco_project(const struct bco_model *model, size_t T, const struct bco_projection *projection, const float *x,
                 float *low, float *y);
/* dx[T,in] written over; adds to the gradients of whatever is trained. */
void bco_project_backward(const struct bco_model *model, size_t T, const struct bco_projection *projection,
                          const float *x, const float *dy, float *low, float *dx);

#endif

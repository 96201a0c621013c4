/* The optimizer's state, for checkpoints. */
#ifndef BCO_ALIGN_OPTIMIZER_H
#define BCO_ALIGN_OPTIMIZER_H

#include <bco/train.h>

struct bco_moments {
    float *first, *second; /* as many as the parameter has elements */
};
struct bco_moments bco_optimizer_moments(struct bco_optimizer *optimizer, size_t parameter);
uint64_t bco_optimizer_steps(const struct bco_optimizer *optimizer);
void bco_optimizer_set_steps(struct bco_optimizer *optimizer, uint64_t steps);

#endif

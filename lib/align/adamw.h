/* AdamW on one array (Loshchilov and Hutter, "Decoupled weight decay
 * regularization"), with PyTorch's constants: see bco_optimizer_step. */
#ifndef BCO_ALIGN_ADAMW_H
#define BCO_ALIGN_ADAMW_H

#include <stddef.h>

/* One step's numbers, the same for every element. */
struct bco_adamw_step {
    float gradient_scale; /* clipping */
    float keep;           /* 1 - learning rate * weight decay */
    float beta1, rest1;   /* rest1: 1 - beta1, rounded from double */
    float beta2, rest2;
    float rate;        /* learning rate / (1 - beta1^t) */
    float second_root; /* sqrt(1 - beta2^t) */
    float epsilon;
};

/* weight, first and second moment of `count` elements, in place. The result is the same on any processor. */
void bco_adamw_update(const struct bco_adamw_step *step, size_t count, float *restrict weight,
                      const float *restrict gradient, float *restrict first, float *restrict second);

#endif

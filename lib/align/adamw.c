#include "align/adamw.h"

#include "nn/kernels.h"

#include <math.h>

/* No clone contracts a*b+c, so all of them give the same bits. */
BCO_CLONES static void update(const struct bco_adamw_step *step, size_t count, float *restrict weight,
                              const float *restrict gradient, float *restrict first, float *restrict second) {
    struct bco_adamw_step s = *step;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * s.gradient_scale;
        float m = s.beta1 * first[i] + s.rest1 * g;
        float v = s.beta2 * second[i] + s.rest2 * (g * g);
        first[i] = m;
        second[i] = v;
        weight[i] = s.keep * weight[i] - s.rate * m / (sqrtf(v) / s.second_root + s.epsilon);
    }
}

/* Clones of a function that is not static would be exported: their resolver knows no visibility. */
void bco_adamw_update(const struct bco_adamw_step *step, size_t count, float *restrict weight,
                      const float *restrict gradient, float *restrict first, float *restrict second) {
    update(step, count, weight, gradient, first, second);
}

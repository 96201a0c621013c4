#include "align/adamw.h"

#include <math.h>

/* GNU: one clone for each width of vector, chosen when the library is loaded;
 * no clone contracts a*b+c, so all give the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

CLONES void bco_adamw_update(const struct bco_adamw_step *step, size_t count, float *restrict weight,
                             const float *restrict gradient, float *restrict first, float *restrict second) {
    struct bco_adamw_step s = *step;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * s.gradient_scale;
        float m = s.beta1 * first[i] + (1 - s.beta1) * g;
        float v = s.beta2 * second[i] + (1 - s.beta2) * (g * g);
        first[i] = m;
        second[i] = v;
        weight[i] = s.keep * weight[i] - s.rate * m / (sqrtf(v) / s.second_root + s.epsilon);
    }
}

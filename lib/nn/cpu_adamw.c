#include "nn/cpu.h"
#include "nn/kernels.h"

#include <math.h>

struct factors {
    float scale, decay, beta1, rest1, beta2, rest2, step_size, root, eps; /* rest = 1 - beta, from the double */
};

BCO_CLONES static void adamw_range(const struct factors *f, size_t n, float *restrict weight,
                                   const float *restrict gradient, float *restrict m, float *restrict v) {
    const struct factors k = *f;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * k.scale;
        float mi = k.beta1 * m[i] + k.rest1 * g;
        float vi = k.beta2 * v[i] + k.rest2 * g * g;
        m[i] = mi;
        v[i] = vi;
        weight[i] = weight[i] * k.decay - k.step_size * mi / (__builtin_sqrtf(vi) * k.root + k.eps);
    }
}

void bco_cpu_adamw(const struct bco_team *team, const struct bco_adamw *adamw, size_t count, float *weight,
                   const float *gradient, float *m, float *v) {
    double correction1 = 1 - pow(adamw->beta1, (double)adamw->step);
    double correction2 = 1 - pow(adamw->beta2, (double)adamw->step);
    struct factors f = {.scale = (float)adamw->scale,
                        .decay = (float)(1 - adamw->lr * adamw->weight_decay),
                        .beta1 = (float)adamw->beta1,
                        .rest1 = (float)(1 - adamw->beta1),
                        .beta2 = (float)adamw->beta2,
                        .rest2 = (float)(1 - adamw->beta2),
                        .step_size = (float)(adamw->lr / correction1),
                        .root = (float)(1 / sqrt(correction2)),
                        .eps = (float)adamw->eps};
#pragma omp parallel num_threads(bco_team_for(team, count))
    {
        size_t begin, end;
        bco_team_share(count, 16, &begin, &end);
        adamw_range(&f, end - begin, weight + begin, gradient + begin, m + begin, v + begin);
    }
}

#define PARTS 64 /* terms of the sum, whatever the threads */

BCO_CLONES static double squares(const float *x, size_t n) {
    double total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) total += (double)x[i] * (double)x[i];
    return total;
}

double bco_cpu_sum_of_squares(const struct bco_team *team, size_t count, const float *x) {
    double part[PARTS], total = 0;
    size_t share = count / PARTS + 1;
#pragma omp parallel for num_threads(bco_team_for(team, count)) schedule(static)
    for (size_t p = 0; p < PARTS; p++) {
        size_t begin = p * share < count ? p * share : count;
        part[p] = squares(x + begin, count - begin < share ? count - begin : share);
    }
    for (size_t p = 0; p < PARTS; p++) total += part[p];
    return total;
}

/* Softmax over the vocabulary, log-probabilities and their gradient, in place. */
#include "nn/cpu.h"
#include "nn/rows.h"

#include <math.h>

#define STRIDE 128 /* elements summed in f32 before double takes over */

BCO_CLONES static float sum_exp(const float *x, float shift, size_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) total += bco_expf(x[i] - shift);
    return total;
}

static double softmax_row(float *logits, size_t V, bool keep, float most) {
    double total = 0;
    for (size_t v = 0; v < V; v += STRIDE) {
        size_t n = V - v < STRIDE ? V - v : STRIDE;
        total += (double)(keep ? exponentials(logits + v, most, n) : sum_exp(logits + v, most, n));
    }
    return total;
}

void bco_cpu_softmax(const struct bco_team *team, size_t T, size_t V, float *logits, const int32_t *targets, bool keep,
                     double *logp, double *sums) {
#pragma omp parallel for num_threads(bco_team_for(team, T *V)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        float *row = logits + t * V;
        float most = greatest(row, V), target = row[targets[t]];
        sums[t] = softmax_row(row, V, keep, most);
        logp[t] = (double)target - (double)most - log(sums[t]);
    }
}

void bco_cpu_softmax_backward(const struct bco_team *team, size_t T, size_t V, float *kept, const int32_t *targets,
                              const double *sums, const double *dlogp) {
#pragma omp parallel for num_threads(bco_team_for(team, T *V)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        multiply(kept + t * V, (float)(-dlogp[t] / sums[t]), V);
        kept[t * V + (size_t)targets[t]] += (float)dlogp[t];
    }
}

#include "nn/cpu.h"
#include "nn/kernels.h"

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

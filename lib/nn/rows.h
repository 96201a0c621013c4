/* What a softmax does with a row, in the attention and in the head. Static, as
 * the resolvers of cloned functions would be seen outside the library. */
#ifndef BCO_NN_ROWS_H
#define BCO_NN_ROWS_H

#include "nn/kernels.h"

#include <stddef.h>

BCO_CLONES static float greatest(const float *x, size_t n) {
    float most = x[0];
#pragma omp simd reduction(max : most)
    for (size_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

/* x becomes e^(x - shift); the sum is in f32: for short rows, or pieces of long ones. */
BCO_CLONES static float exponentials(float *x, float shift, size_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) {
        float e = bco_expf(x[i] - shift);
        x[i] = e;
        total += e;
    }
    return total;
}

BCO_CLONES static void multiply(float *x, float factor, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

#endif

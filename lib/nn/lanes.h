/* LANES floats at a time, in as many registers as they need, by vectors of GNU C. For functions of BCO_CLONES. */
#ifndef BCO_NN_LANES_H
#define BCO_NN_LANES_H

#include "nn/kernels.h"

#include <stddef.h>

enum { LANES = 16 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Elements of a and b by turns, from the `from`th on. */
#define BCO_MIX(a, b, from)                                                                                            \
    __builtin_shufflevector(a, b, (from), (from) + 16, (from) + 1, (from) + 17, (from) + 2, (from) + 18, (from) + 3,   \
                            (from) + 19, (from) + 4, (from) + 20, (from) + 5, (from) + 21, (from) + 6, (from) + 22,    \
                            (from) + 7, (from) + 23)

/* `count` floats, zeros behind them. */
BCO_INLINE void lanes_load(lanes *to, const float *from, size_t count) {
    *to = (lanes){0};
    if (count == LANES)
        memcpy(to, from, sizeof *to);
    else
        memcpy(to, from, count * sizeof *from);
}

BCO_INLINE void lanes_store(float *to, const lanes *from, size_t count) {
    size_t i = 0;
    if (count == LANES) {
        memcpy(to, from, sizeof *from);
        return;
    }
    if (count >= LANES / 2) memcpy(to, from, LANES / 2 * sizeof *to), i = LANES / 2;
    for (; i < count; i++) to[i] = (*from)[i];
}

/* Rows become columns: four times, each row is mixed with the one half of them further on. */
BCO_INLINE void lanes_transpose(lanes row[LANES]) {
    lanes mixed[LANES];
    for (int round = 0; round < 4; round++) {
#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; i++) {
            const lanes a = row[i], b = row[i + LANES / 2];
            mixed[2 * i] = BCO_MIX(a, b, 0);
            mixed[2 * i + 1] = BCO_MIX(a, b, LANES / 2);
        }
        memcpy(row, mixed, sizeof mixed);
    }
}

/* Element i of the first row becomes the sum of row i; the others are scratch. As above, but what is mixed is added up
 * at once. */
BCO_INLINE void lanes_sum(lanes row[LANES]) {
#pragma GCC unroll 4
    for (int half = LANES / 2; half; half /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < half; i++) {
            const lanes a = row[i], b = row[i + half];
            row[i] = BCO_MIX(a, b, 0) + BCO_MIX(a, b, LANES / 2);
        }
}

#endif

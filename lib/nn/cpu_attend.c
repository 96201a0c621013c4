/* Attention of one query, as decoding has it: what it reads, keys and values, it reads once and in place. */
#include "nn/cpu.h"
#include "nn/rows.h"

#include <math.h>

/* A product and a sum are one rounding where the machine can: GCC does so by itself only outside ISO C. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

enum { WIDTH = 64 }; /* channels of the output that are summed at a time, in registers */

BCO_CLONES static void scores_of(const float *restrict q, const float *k, size_t ld, size_t D, size_t keys, float scale,
                                 float *restrict scores) {
    for (size_t j = 0; j < keys; j++) {
        const float *key = k + j * ld;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t d = 0; d < D; d++) sum += q[d] * key[d];
        scores[j] = scale * sum;
    }
}

/* out[d] = sum over j of p[j] * v[j][d], WIDTH channels. */
BCO_CLONES static void mix_wide(const float *restrict p, const float *v, size_t ld, size_t keys, float *restrict out) {
    float sum[WIDTH] = {0};
    for (size_t j = 0; j < keys; j++)
#pragma omp simd
        for (size_t d = 0; d < WIDTH; d++) sum[d] += p[j] * v[j * ld + d];
    memcpy(out, sum, sizeof sum);
}

BCO_CLONES static void mix(const float *restrict p, const float *v, size_t ld, size_t keys, size_t width,
                           float *restrict out) {
    memset(out, 0, width * sizeof *out);
    for (size_t j = 0; j < keys; j++)
        for (size_t d = 0; d < width; d++) out[d] += p[j] * v[j * ld + d];
}

void bco_cpu_attend(const struct bco_attention *shape, const float *q, const float *k, const float *v, size_t keys,
                    float *scores, float *out, float *logsum) {
    size_t D = shape->head_dim, d = 0;
    scores_of(q, k, shape->ldkv, D, keys, shape->scale, scores);
    float most = greatest(scores, keys), total = exponentials(scores, most, keys);
    multiply(scores, 1 / total, keys);
    if (logsum) *logsum = most + logf(total);
    for (; d + WIDTH <= D; d += WIDTH) mix_wide(scores, v + d, shape->ldkv, keys, out + d);
    if (d < D) mix(scores, v + d, shape->ldkv, keys, D - d, out + d);
}

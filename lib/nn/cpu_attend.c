/* Attention of one query a head, as decoding has it: what it reads, keys and values, it reads once and in place, for
 * all query heads that share them. */
#include "nn/cpu.h"
#include "nn/lanes.h"
#include "nn/rows.h"

#include <math.h>

/* A product and a sum are one rounding where the machine can: GCC does so by itself only outside ISO C. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

enum { GROUP = 4, WIDTH = 2 * LANES }; /* heads, and channels of the output, that are summed at a time, in registers */

BCO_INLINE void add_products(lanes *sum, const float *q, const float *key, size_t count) {
    lanes a, b;
    lanes_load(&a, q, count);
    lanes_load(&b, key, count);
    *sum += a * b;
}

/* The lanes' products of a query and a key, to be added up. */
BCO_INLINE void multiply_key(lanes *sum, const float *q, const float *key, size_t D) {
    size_t d = 0;
    for (; d + LANES <= D; d += LANES) add_products(sum, q + d, key + d, LANES);
    if (d < D) add_products(sum, q + d, key + d, D - d);
}

/* Heads [first, last) of a query, and the key/value heads that they share in groups. */
struct heads {
    size_t first, last, group;
};

/* Some lines of what will be wanted soon, for the second level. */
BCO_INLINE void ask(const float *at, size_t from, size_t to) {
    for (size_t i = from; i < to; i += LANES) __builtin_prefetch(at + i, 0, 2);
}

/* scores[h - first][j] = scale q_h k_j, LANES keys at a time for all heads: keys lie by tokens, and are read as they
 * lie. Meanwhile the values are asked for, a few rows with each head: more at once would hold up the keys. */
BCO_CLONES static void scores_of(const struct bco_attention *shape, const struct heads *h, const float *q,
                                 const float *k, const float *v, size_t keys, float *scores) {
    size_t D = shape->head_dim, ld = shape->ldkv, heads = h->last - h->first;
    size_t from = h->first / h->group * D, to = ((h->last - 1) / h->group + 1) * D;
    for (size_t j = 0; j < keys; j += LANES) {
        size_t count = keys - j < LANES ? keys - j : LANES;
        for (size_t g = 0; g < heads; g++) {
            size_t head = h->first + g;
            const float *key = k + j * ld + head / h->group * D;
            lanes sum[LANES] = {{0}};
            for (size_t i = g * count / heads; i < (g + 1) * count / heads; i++) ask(v + (j + i) * ld, from, to);
            for (size_t i = 0; i < count; i++) multiply_key(&sum[i], q + head * D, key + i * ld, D);
            lanes_sum(sum);
            sum[0] *= shape->scale;
            lanes_store(scores + g * keys + j, &sum[0], count);
        }
    }
}

/* out[g][d] = sum over j of p[g][j] * v[j][d], `width` channels of `group` heads. */
BCO_INLINE void mix(const float *p, const float *v, const float *ahead, size_t ld, size_t keys, size_t group,
                    size_t width, float *out, size_t D) {
    lanes sum[GROUP][WIDTH / LANES] = {{{0}}};
    for (size_t j = 0; j < keys; j++) {
        ask(ahead + j * ld, 0, width);
#pragma GCC unroll 2
        for (size_t w = 0; w < width; w += LANES) {
            lanes at;
            lanes_load(&at, v + j * ld + w, width - w < LANES ? width - w : LANES);
#pragma GCC unroll 4
            for (size_t g = 0; g < group; g++) sum[g][w / LANES] += p[g * keys + j] * at;
        }
    }
    for (size_t g = 0; g < group; g++)
        for (size_t w = 0; w < width; w += LANES)
            lanes_store(out + g * D + w, &sum[g][w / LANES], width - w < LANES ? width - w : LANES);
}

BCO_CLONES static void mix_wide(const float *p, const float *v, const float *ahead, size_t ld, size_t keys,
                                size_t group, float *out, size_t D) {
    switch (group) {
    case 1: mix(p, v, ahead, ld, keys, 1, WIDTH, out, D); break;
    case 2: mix(p, v, ahead, ld, keys, 2, WIDTH, out, D); break;
    case 3: mix(p, v, ahead, ld, keys, 3, WIDTH, out, D); break;
    default: mix(p, v, ahead, ld, keys, GROUP, WIDTH, out, D);
    }
}

BCO_CLONES static void mix_rest(const float *p, const float *v, const float *ahead, size_t ld, size_t keys,
                                size_t group, size_t width, float *out, size_t D) {
    mix(p, v, ahead, ld, keys, group, width, out, D);
}

/* Up to GROUP heads that share keys and values: their scores become shares, and those the values' mixture. */
static void mix_group(const struct bco_attention *shape, size_t group, const float *v, const float *ahead, size_t keys,
                      float *scores, float *out, float *logsum) {
    size_t D = shape->head_dim, ld = shape->ldkv, d = 0;
    for (size_t g = 0; g < group; g++) {
        float *p = scores + g * keys, most = greatest(p, keys), total = exponentials(p, most, keys);
        multiply(p, 1 / total, keys);
        if (logsum) logsum[g] = most + logf(total);
    }
    for (; d + WIDTH <= D; d += WIDTH) mix_wide(scores, v + d, ahead + d, ld, keys, group, out + d, D);
    if (d < D) mix_rest(scores, v + d, ahead + d, ld, keys, group, D - d, out + d, D);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

void bco_cpu_attend(const struct bco_attention *shape, size_t heads, const float *q, const float *k, const float *v,
                    const float *ahead, size_t keys, float *scores, float *out, float *logsum) {
    size_t D = shape->head_dim, group = shape->heads / shape->kv_heads;
    for (size_t first = 0; first < heads; first += BCO_ATTEND_HEADS) {
        const struct heads some = {first, least(first + BCO_ATTEND_HEADS, heads), group};
        scores_of(shape, &some, q, k, v, keys, scores);
        for (size_t h = first, count; h < some.last; h += count) {
            count = least(GROUP, least(some.last - h, group - h % group));
            mix_group(shape, count, v + h / group * D, ahead + h / group * D, keys, scores + (h - first) * keys,
                      out + h * D, logsum ? logsum + h : NULL);
        }
    }
}

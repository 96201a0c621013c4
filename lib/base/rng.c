#include "base/rng.h"

#include <math.h>

void bco_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53 * c0, p1 = (uint64_t)0xCD9E8D57 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint64_t bco_rng_u64(struct bco_rng *rng) {
    uint64_t block = rng->position / 2;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)rng->stream,
                           (uint32_t)(rng->stream >> 32)};
    uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)}, out[4];
    bco_philox(counter, key, out);
    const uint32_t *half = out + 2 * (rng->position++ % 2);
    return (uint64_t)half[1] << 32 | half[0];
}

double bco_rng_uniform(struct bco_rng *rng) {
    return (double)(bco_rng_u64(rng) >> 11) * 0x1p-53;
}

double bco_rng_normal(struct bco_rng *rng) {
    double radius = sqrt(-2 * log1p(-bco_rng_uniform(rng)));
    return radius * cos(2 * 3.14159265358979323846 * bco_rng_uniform(rng));
}

uint64_t bco_rng_below(struct bco_rng *rng, uint64_t bound) {
    uint64_t reject_below = -bound % bound, x;
    do x = bco_rng_u64(rng);
    while (x < reject_below);
    return x % bound;
}

void bco_rng_shuffle(struct bco_rng *rng, uint64_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)bco_rng_below(rng, i);
        uint64_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}

/* A Feistel network permutes the numbers of 2 x bits; what lands at `count` or behind goes through it again. */
uint64_t bco_permuted(uint64_t seed, uint64_t i, uint64_t count) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    unsigned bits = 1;
    while (bits < 32 && count > (uint64_t)1 << 2 * bits) bits++;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    do {
        for (uint32_t round = 0; round < 6; round++) {
            const uint32_t counter[4] = {(uint32_t)(i & mask), round, bits, 0};
            uint32_t out[4];
            bco_philox(counter, key, out);
            i = (i & mask) << bits | ((i >> bits) ^ (out[0] & mask));
        }
    } while (i >= count);
    return i;
}

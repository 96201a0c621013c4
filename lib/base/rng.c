#include "base/rng.h"

#include <math.h>
#include <stdbool.h>

enum { DRAWN = 32 }; /* places of a shuffle at once */

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

/* The two numbers of a block: those at the positions 2 block and 2 block + 1. */
static void numbers_of(const struct bco_rng *rng, uint64_t block, uint64_t numbers[2]) {
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)rng->stream,
                           (uint32_t)(rng->stream >> 32)};
    uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)}, out[4];
    bco_philox(counter, key, out);
    numbers[0] = (uint64_t)out[1] << 32 | out[0];
    numbers[1] = (uint64_t)out[3] << 32 | out[2];
}

uint64_t bco_rng_u64(struct bco_rng *rng) {
    uint64_t numbers[2];
    numbers_of(rng, rng->position / 2, numbers);
    return numbers[rng->position++ % 2];
}

double bco_rng_uniform(struct bco_rng *rng) {
    return (double)(bco_rng_u64(rng) >> 11) * 0x1p-53;
}

double bco_rng_normal(struct bco_rng *rng) {
    double radius = sqrt(-2 * log1p(-bco_rng_uniform(rng)));
    return radius * cos(2 * 3.14159265358979323846 * bco_rng_uniform(rng));
}

/* Of the 2^64 numbers the first (2^64 modulo bound) are one too many for each remainder to be as likely. They are
 * fewer than `bound`: mostly that needs no division. */
static bool fair(uint64_t x, uint64_t bound) {
    return x >= bound || x >= -bound % bound;
}

uint64_t bco_rng_below(struct bco_rng *rng, uint64_t bound) {
    uint64_t x;
    do x = bco_rng_u64(rng);
    while (!fair(x, bound));
    return x % bound;
}

/* What bco_rng_below gives for i, i - 1, ..., as many as `places` holds, or fewer at the end; returns how many. */
static size_t draw_places(struct bco_rng *rng, size_t i, size_t places[DRAWN]) {
    size_t drawn = 0;
    while (drawn < DRAWN && i - drawn > 1) {
        uint64_t numbers[2];
        numbers_of(rng, rng->position / 2, numbers);
        do {
            uint64_t x = numbers[rng->position++ % 2], bound = i - drawn;
            if (fair(x, bound)) places[drawn++] = (size_t)(x % bound);
        } while (rng->position % 2 && drawn < DRAWN && i - drawn > 1);
    }
    return drawn;
}

/* Places are drawn ahead, so that what lies there is on its way from memory when its turn comes. */
void bco_rng_shuffle(struct bco_rng *rng, uint64_t *items, size_t count) {
    size_t places[DRAWN];
    for (size_t i = count, drawn; i > 1; i -= drawn) {
        drawn = draw_places(rng, i, places);
        for (size_t k = 0; k < drawn; k++) __builtin_prefetch(&items[places[k]], 1);
        for (size_t k = 0; k < drawn; k++) {
            uint64_t kept = items[i - k - 1];
            items[i - k - 1] = items[places[k]];
            items[places[k]] = kept;
        }
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

/* Random numbers without state: Philox4x32-10 (Salmon, Moraes, Dror, Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A number depends on
 * its seed, its stream and its position alone, so any thread can make any of
 * them, and a checkpoint needs the position only. */
#ifndef BCO_BASE_RNG_H
#define BCO_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* The block function: four words from a counter of four and a key of two. */
void bco_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A position in one stream of one seed. Copy it to save it. */
struct bco_rng {
    uint64_t seed;
    uint64_t stream;   /* what the numbers are for: a record's hash, an epoch, a tensor */
    uint64_t position; /* 64-bit numbers drawn so far */
};

uint64_t bco_rng_u64(struct bco_rng *rng);
double bco_rng_uniform(struct bco_rng *rng);                 /* [0, 1), 53 bits */
double bco_rng_normal(struct bco_rng *rng);                  /* mean 0, deviation 1 (Box-Muller); two numbers drawn */
uint64_t bco_rng_below(struct bco_rng *rng, uint64_t bound); /* 0..bound-1 without bias; bound > 0 */
void bco_rng_shuffle(struct bco_rng *rng, uint64_t *items, size_t count); /* Fisher-Yates */

/* Where a permutation of 0..count-1 that depends on the seed alone puts i < count: in no memory, in any order. */
uint64_t bco_permuted(uint64_t seed, uint64_t i, uint64_t count);

#endif

/* 128-bit fingerprints (XXH3). Good against chance, not against an enemy. */
#ifndef BCO_BASE_HASH_H
#define BCO_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_hash {
    uint64_t low, high;
};

struct bco_hash bco_hash_bytes(const void *bytes, size_t length, uint64_t seed);

static inline bool bco_hash_equal(struct bco_hash a, struct bco_hash b) {
    return a.low == b.low && a.high == b.high;
}

/* Fingerprints of what comes in pieces. NULL from new: out of memory. */
struct bco_hasher;
struct bco_hasher *bco_hasher_new(void);
void bco_hasher_add(struct bco_hasher *hasher, const void *bytes, size_t length);
void bco_hasher_add_u64(struct bco_hasher *hasher, uint64_t x); /* little-endian, on any machine */
struct bco_hash bco_hasher_value(const struct bco_hasher *hasher);
void bco_hasher_free(struct bco_hasher *hasher);

#endif

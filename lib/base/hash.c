#include "base/hash.h"

#include <xxhash.h>

struct bco_hash bco_hash_bytes(const void *bytes, size_t length, uint64_t seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(bytes, length, seed);
    return (struct bco_hash){h.low64, h.high64};
}

struct bco_hasher *bco_hasher_new(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) XXH3_128bits_reset(state);
    return (struct bco_hasher *)state;
}

void bco_hasher_add(struct bco_hasher *hasher, const void *bytes, size_t length) {
    if (length) XXH3_128bits_update((XXH3_state_t *)hasher, bytes, length);
}

void bco_hasher_add_u64(struct bco_hasher *hasher, uint64_t x) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(x >> (8 * i));
    bco_hasher_add(hasher, bytes, sizeof bytes);
}

struct bco_hash bco_hasher_value(const struct bco_hasher *hasher) {
    XXH128_hash_t h = XXH3_128bits_digest((const XXH3_state_t *)hasher);
    return (struct bco_hash){h.low64, h.high64};
}

void bco_hasher_free(struct bco_hasher *hasher) {
    XXH3_freeState((XXH3_state_t *)hasher);
}

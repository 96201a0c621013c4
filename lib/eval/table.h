/* A set of fingerprints, each with a number. Zero-initialise it. */
#ifndef BCO_EVAL_TABLE_H
#define BCO_EVAL_TABLE_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

struct bco_table {
    struct bco_table_slot *slots;
    size_t count, capacity; /* capacity: 0 or a power of two */
};

void bco_table_free(struct bco_table *table);

/* The number of `key`, or NULL. The pointer holds until the next bco_table_put. */
size_t *bco_table_find(const struct bco_table *table, struct bco_hash key);

/* The number of `key`; a new key gets `fresh` and sets *is_new. NULL: out of memory. */
size_t *bco_table_put(struct bco_table *table, struct bco_hash key, size_t fresh, bool *is_new);

#endif

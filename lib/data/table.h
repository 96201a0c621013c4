/* A map from 128-bit fingerprints to a few bytes each. Open addressing in 8 parts that grow one by one: twofold when
 * they are half full while they are small, and when they are 4/5 full from 800,000 keys in all on: by an eighth, or to
 * what is foreseen. Then a key with a value of v bytes takes at most 1.4 (16 + v) bytes, more only while others are
 * foreseen, and a part that grows takes its room twice. */
#ifndef BCO_DATA_TABLE_H
#define BCO_DATA_TABLE_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

struct bco_table;

struct bco_table *bco_table_new(size_t value_size); /* NULL: out of memory */
void bco_table_free(struct bco_table *table);

/* The value of `key`, zeros when it is new (*is_new; may be NULL). It holds until the next call.
 * NULL: out of memory. */
void *bco_table_put(struct bco_table *table, struct bco_hash key, bool *is_new);

/* The value of `key`, or NULL. */
void *bco_table_get(const struct bco_table *table, struct bco_hash key);

/* What the keys so far come from is this share of what all will come from: then a table that grows need not do so
 * again and again. 0: unknown, as at first. A wrong one costs time, or room up to 256 MiB. */
void bco_table_foresee(struct bco_table *table, double share);

/* Fetches what bco_table_put will look at into the cache. */
void bco_table_prefetch(const struct bco_table *table, struct bco_hash key);

/* Only the keys whose value `keep` wants stay, and none has a value any more: 18 bytes a key. False: out of memory,
 * and the table can only be freed. */
bool bco_table_keep(struct bco_table *table, bool (*keep)(const void *value));

size_t bco_table_count(const struct bco_table *table);

#endif

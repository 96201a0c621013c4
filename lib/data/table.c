#include "data/table.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128; /* a product's upper half in one instruction */

#define PARTS 256
#define FIRST_SLOTS 64
#define SMALL_SLOTS 4096 /* up to here a part doubles */

/* A slot is empty when its key is all zero; the one key that is all zero itself is stored as 1. */
struct part {
    struct bco_hash *keys;
    unsigned char *values;
    size_t slots, count;
};

struct bco_table {
    size_t value_size, count;
    struct part parts[PARTS];
};

struct bco_table *bco_table_new(size_t value_size) {
    struct bco_table *table = bco_calloc(1, sizeof *table);
    if (table) table->value_size = value_size;
    return table;
}

void bco_table_free(struct bco_table *table) {
    if (!table) return;
    for (size_t i = 0; i < PARTS; i++) {
        free(table->parts[i].keys);
        free(table->parts[i].values);
    }
    free(table);
}

static struct bco_hash stored(struct bco_hash key) {
    key.low += key.low == 0 && key.high == 0;
    return key;
}

/* The multiplication maps the hash to 0..slots-1 without asking for a power of two. */
static size_t home_slot(const struct part *part, struct bco_hash key) {
    return (size_t)((uint128)key.low * part->slots >> 64);
}

/* The slot that holds `key`, or the empty one where it belongs. */
static size_t slot_of(const struct part *part, struct bco_hash key) {
    size_t i = home_slot(part, key);
    while ((part->keys[i].low || part->keys[i].high) && !bco_hash_equal(part->keys[i], key))
        if (++i == part->slots) i = 0;
    return i;
}

/* Zeros that were written: pages of calloc's that are read first come twice, and stop every thread the second time. */
static void *zeros(size_t count, size_t size) {
    void *made = bco_malloc(count, size);
    if (made) memset(made, 0, count * size);
    return made;
}

/* A part of `slots` slots takes the place of `part`: with all its keys and values, or with the keys that `keep` wants
 * and no values. */
static bool rebuild(const struct bco_table *table, struct part *part, size_t slots, bool (*keep)(const void *value)) {
    struct part made = {.slots = slots};
    made.keys = zeros(slots, sizeof *made.keys);
    made.values = zeros(slots, keep ? 0 : table->value_size);
    if (!made.keys || !made.values) {
        free(made.keys);
        free(made.values);
        return false;
    }
    for (size_t i = 0; i < part->slots; i++) {
        const unsigned char *value = part->values + i * table->value_size;
        if ((!part->keys[i].low && !part->keys[i].high) || (keep && !keep(value))) continue;
        size_t to = slot_of(&made, part->keys[i]);
        made.keys[to] = part->keys[i];
        made.count++;
        if (!keep) memcpy(made.values + to * table->value_size, value, table->value_size);
    }
    free(part->keys);
    free(part->values);
    *part = made;
    return true;
}

static bool grow(const struct bco_table *table, struct part *part) {
    size_t more = part->slots < SMALL_SLOTS ? part->slots : part->slots / 5;
    return rebuild(table, part, part->slots ? part->slots + more : FIRST_SLOTS, NULL);
}

void *bco_table_put(struct bco_table *table, struct bco_hash key, bool *is_new) {
    struct part *part = &table->parts[key.high % PARTS];
    key = stored(key);
    if (part->count >= part->slots / 5 * 4 && !grow(table, part)) return NULL;
    size_t i = slot_of(part, key);
    bool empty = !part->keys[i].low && !part->keys[i].high;
    if (is_new) *is_new = empty;
    if (empty) {
        part->keys[i] = key;
        part->count++;
        table->count++;
    }
    return part->values + i * table->value_size;
}

void *bco_table_get(const struct bco_table *table, struct bco_hash key) {
    const struct part *part = &table->parts[key.high % PARTS];
    if (!part->slots) return NULL;
    key = stored(key);
    size_t i = slot_of(part, key);
    if (!part->keys[i].low && !part->keys[i].high) return NULL;
    return part->values + i * table->value_size;
}

void bco_table_prefetch(const struct bco_table *table, struct bco_hash key) {
    const struct part *part = &table->parts[key.high % PARTS];
    if (!part->slots) return;
    size_t i = home_slot(part, stored(key));
    __builtin_prefetch(&part->keys[i], 1);
    __builtin_prefetch(part->values + i * table->value_size, 1);
}

bool bco_table_keep(struct bco_table *table, bool (*keep)(const void *value)) {
    size_t value_size = table->value_size;
    table->count = 0;
    for (size_t i = 0; i < PARTS; i++) {
        struct part *part = &table->parts[i];
        size_t kept = 0;
        for (size_t j = 0; j < part->slots; j++)
            kept += (part->keys[j].low || part->keys[j].high) && keep(part->values + j * value_size);
        if (!rebuild(table, part, kept + kept / 9 + 1, keep)) return false;
        table->count += kept;
    }
    table->value_size = 0;
    return true;
}

size_t bco_table_count(const struct bco_table *table) {
    return table->count;
}

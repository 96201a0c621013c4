#include "data/table.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128; /* a product's upper half in one instruction */

#define PARTS 8
#define FIRST_SLOTS 64
#define SMALL_SLOTS ((size_t)1 << 17)     /* up to here a part doubles */
#define MOST_GROWTH 4                     /* times, where it is foreseen */
#define FORESEEN_BYTES ((size_t)32 << 20) /* of a part: none has more on a guess */
#define CACHE_LINE 64
#define PAGE ((size_t)2 << 20) /* a huge one, which larger parts fill */

/* Entries of a key and its value, one behind the other, so that a look-up fetches one cache line. One is empty when its
 * key is all zero; the one key that is all zero itself is stored as 1. */
struct part {
    unsigned char *entries;
    size_t slots, count;
};

struct bco_table {
    size_t size, count; /* bytes of an entry; keys */
    double share;       /* of what all keys come from, as far as it was seen; 0: unknown */
    struct part parts[PARTS];
};

struct bco_table *bco_table_new(size_t value_size) {
    struct bco_table *table = bco_calloc(1, sizeof *table);
    if (!table) return NULL;
    table->size = sizeof(struct bco_hash) + value_size;
    return table;
}

void bco_table_free(struct bco_table *table) {
    if (!table) return;
    for (size_t i = 0; i < PARTS; i++) free(table->parts[i].entries);
    free(table);
}

static struct bco_hash stored(struct bco_hash key) {
    key.low += key.low == 0 && key.high == 0;
    return key;
}

static struct bco_hash key_at(const unsigned char *entry) {
    struct bco_hash key;
    memcpy(&key, entry, sizeof key);
    return key;
}

static bool is_empty(const unsigned char *entry) {
    struct bco_hash key = key_at(entry);
    return !key.low && !key.high;
}

static void *value_at(unsigned char *entry) {
    return entry + sizeof(struct bco_hash);
}

/* The multiplication maps the hash to 0..slots-1 without asking for a power of two. */
static size_t home_slot(const struct part *part, struct bco_hash key) {
    return (size_t)((uint128)key.low * part->slots >> 64);
}

/* The entry that holds `key`, or the empty one where it belongs. */
static unsigned char *entry_of(const struct part *part, size_t size, struct bco_hash key) {
    unsigned char *entry = part->entries + home_slot(part, key) * size, *end = part->entries + part->slots * size;
    while (!is_empty(entry) && !bco_hash_equal(key_at(entry), key))
        if ((entry += size) == end) entry = part->entries;
    return entry;
}

/* A part of `slots` slots takes the place of `part`: with all its keys and values, or with the keys that `keep` wants
 * and no values. Zeros are written at once: pages that are read first come twice. */
static bool rebuild(const struct bco_table *table, struct part *part, size_t slots, bool (*keep)(const void *value)) {
    struct part made = {.slots = slots};
    size_t size = keep ? sizeof(struct bco_hash) : table->size;
    made.entries = bco_malloc_huge(slots, size);
    if (!made.entries) return false;
    memset(made.entries, 0, slots * size);
    for (size_t i = 0; i < part->slots; i++) {
        unsigned char *from = part->entries + i * table->size;
        if (is_empty(from) || (keep && !keep(value_at(from)))) continue;
        memcpy(entry_of(&made, size, key_at(from)), from, size);
        made.count++;
    }
    free(part->entries);
    *part = made;
    return true;
}

/* Small parts are kept at most half full, which makes searches short; large ones 4/5, since memory counts. */
static bool is_full(const struct part *part) {
    return part->count >= (part->slots < SMALL_SLOTS ? part->slots / 2 : part->slots / 5 * 4);
}

/* Of a large part: an eighth more, or as many as all keys need if new ones keep coming as they did, and some more, as
 * this is a guess. */
static size_t next_slots(const struct bco_table *table, const struct part *part) {
    size_t slots = part->slots + part->slots / 8, most = FORESEEN_BYTES / table->size;
    if (!(table->share > 0)) return slots;
    if (most / MOST_GROWTH > part->slots) most = MOST_GROWTH * part->slots;
    double foreseen = 1.03 * (double)table->count / table->share / PARTS / 0.8;
    size_t wanted = foreseen < (double)most ? (size_t)foreseen : most;
    return wanted > slots ? wanted : slots;
}

static bool grow(const struct bco_table *table, struct part *part) {
    size_t slots = part->slots < SMALL_SLOTS ? 2 * part->slots : next_slots(table, part), bytes;
    if (!part->slots) slots = FIRST_SLOTS;
    if (!bco_size_mul(slots, table->size, &bytes) || !bco_size_add(bytes, PAGE - 1, &bytes)) return false;
    if (slots > SMALL_SLOTS && bytes >= 2 * PAGE) slots = (bytes & ~(PAGE - 1)) / table->size;
    return rebuild(table, part, slots, NULL);
}

void *bco_table_put(struct bco_table *table, struct bco_hash key, bool *is_new) {
    struct part *part = &table->parts[key.high % PARTS];
    key = stored(key);
    if (is_full(part) && !grow(table, part)) return NULL;
    unsigned char *entry = entry_of(part, table->size, key);
    bool empty = is_empty(entry);
    if (is_new) *is_new = empty;
    if (empty) {
        memcpy(entry, &key, sizeof key);
        part->count++;
        table->count++;
    }
    return value_at(entry);
}

void *bco_table_get(const struct bco_table *table, struct bco_hash key) {
    const struct part *part = &table->parts[key.high % PARTS];
    if (!part->slots) return NULL;
    unsigned char *entry = entry_of(part, table->size, stored(key));
    return is_empty(entry) ? NULL : value_at(entry);
}

void bco_table_prefetch(const struct bco_table *table, struct bco_hash key) {
    const struct part *part = &table->parts[key.high % PARTS];
    if (!part->slots) return;
    const unsigned char *entry = part->entries + home_slot(part, stored(key)) * table->size;
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry + CACHE_LINE, 1);
}

bool bco_table_keep(struct bco_table *table, bool (*keep)(const void *value)) {
    table->count = 0;
    for (size_t i = 0; i < PARTS; i++) {
        struct part *part = &table->parts[i];
        size_t kept = 0;
        for (size_t j = 0; j < part->slots; j++) {
            unsigned char *entry = part->entries + j * table->size;
            kept += !is_empty(entry) && keep(value_at(entry));
        }
        if (!rebuild(table, part, kept + kept / 9 + 1, keep)) return false;
        table->count += kept;
    }
    table->size = sizeof(struct bco_hash);
    return true;
}

void bco_table_foresee(struct bco_table *table, double share) {
    table->share = share;
}

size_t bco_table_count(const struct bco_table *table) {
    return table->count;
}

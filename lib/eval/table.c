#include "eval/table.h"

#include "base/mem.h"

struct bco_table_slot {
    struct bco_hash key;
    size_t value;
    bool used;
};

void bco_table_free(struct bco_table *table) {
    free(table->slots);
    *table = (struct bco_table){0};
}

/* The slot of `key`, or the free one where it belongs. */
static struct bco_table_slot *slot_of(struct bco_table_slot *slots, size_t capacity, struct bco_hash key) {
    size_t i = (size_t)key.low & (capacity - 1);
    while (slots[i].used && !bco_hash_equal(slots[i].key, key)) i = (i + 1) & (capacity - 1);
    return &slots[i];
}

static bool grow(struct bco_table *table) {
    size_t capacity = 64;
    if (table->capacity && !bco_size_mul(table->capacity, 2, &capacity)) return false;
    struct bco_table_slot *slots = bco_calloc(capacity, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].used) *slot_of(slots, capacity, table->slots[i].key) = table->slots[i];
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    return true;
}

size_t *bco_table_find(const struct bco_table *table, struct bco_hash key) {
    if (!table->capacity) return NULL;
    struct bco_table_slot *slot = slot_of(table->slots, table->capacity, key);
    return slot->used ? &slot->value : NULL;
}

size_t *bco_table_put(struct bco_table *table, struct bco_hash key, size_t fresh, bool *is_new) {
    if (table->count >= table->capacity / 2 && !grow(table)) return NULL;
    struct bco_table_slot *slot = slot_of(table->slots, table->capacity, key);
    *is_new = !slot->used;
    if (!slot->used) {
        *slot = (struct bco_table_slot){.key = key, .value = fresh, .used = true};
        table->count++;
    }
    return &slot->value;
}

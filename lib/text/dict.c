/* Dicts: pairs in the order in which they came, and where there are many a table to find them by. */
#include "base/hash.h"
#include "text/value.h"

#include <string.h>

enum { FEW = 16 }; /* pairs that are looked through one by one */

bool bco_value_new_dict(struct bco_arena *arena, enum bco_value_kind kind, struct bco_value *value) {
    struct bco_value_dict *dict = bco_arena_get(arena, sizeof *dict);
    if (!dict) return false;
    *dict = (struct bco_value_dict){0};
    *value = (struct bco_value){.kind = kind, .dict = dict};
    return true;
}

/* Equal keys have equal hashes: 1, 1.0 and true are one key. */
static uint64_t hash_of(struct bco_value key) {
    if (bco_value_is_number(key)) {
        double number = bco_value_number(key) + 0.0; /* no -0 */
        return bco_hash_bytes(&number, sizeof number, 1).low;
    }
    if (key.kind == VALUE_STRING) return bco_hash_bytes(key.text, key.length, 0).low;
    uint64_t hash = (uint64_t)key.kind;
    for (size_t i = 0; key.kind == VALUE_TUPLE && i < key.list->count; i++)
        hash = hash * UINT64_C(0x9E3779B97F4A7C15) + hash_of(key.list->items[i]);
    return hash;
}

/* The slot of a key, or the empty one where it would go. */
static size_t find_slot(const struct bco_value_dict *dict, struct bco_value key) {
    size_t mask = dict->slot_count - 1, i = (size_t)hash_of(key) & mask;
    while (dict->slots[i] && !bco_value_equal(dict->pairs[dict->slots[i] - 1].key, key)) i = (i + 1) & mask;
    return i;
}

static struct bco_pair *find_pair(const struct bco_value_dict *dict, struct bco_value key) {
    if (dict->slots) {
        uint32_t found = dict->slots[find_slot(dict, key)];
        return found ? &dict->pairs[found - 1] : NULL;
    }
    for (size_t i = 0; i < dict->count; i++)
        if (bco_value_equal(dict->pairs[i].key, key)) return &dict->pairs[i];
    return NULL;
}

/* The arena's limit keeps places below 2^32. */
static bool grow(struct bco_arena *arena, struct bco_value_dict *dict) {
    size_t capacity = dict->capacity * 2 + 4, slot_count = FEW;
    struct bco_pair *pairs = bco_arena_array(arena, capacity, sizeof *pairs);
    if (!pairs) return false;
    if (dict->count) memcpy(pairs, dict->pairs, dict->count * sizeof *pairs);
    dict->pairs = pairs;
    dict->capacity = capacity;
    if (capacity <= FEW) return true;
    while (slot_count < 2 * capacity) slot_count *= 2;
    dict->slots = bco_arena_array(arena, slot_count, sizeof *dict->slots);
    if (!dict->slots) return false;
    dict->slot_count = slot_count;
    memset(dict->slots, 0, slot_count * sizeof *dict->slots);
    for (size_t i = 0; i < dict->count; i++) dict->slots[find_slot(dict, pairs[i].key)] = (uint32_t)i + 1;
    return true;
}

bool bco_dict_set(struct bco_arena *arena, struct bco_value_dict *dict, struct bco_value key, struct bco_value value) {
    struct bco_pair *pair = find_pair(dict, key);
    if (pair) {
        dict->weight -= bco_value_weight(pair->value);
        pair->value = value;
        return bco_value_load(value, &dict->weight, &dict->depth);
    }
    if (!bco_value_load(value, &dict->weight, &dict->depth) || !bco_value_load(key, &dict->weight, &dict->depth) ||
        (dict->count == dict->capacity && !grow(arena, dict)))
        return false;
    if (dict->slots) dict->slots[find_slot(dict, key)] = (uint32_t)dict->count + 1;
    dict->pairs[dict->count++] = (struct bco_pair){key, value};
    return true;
}

const struct bco_value *bco_dict_get(const struct bco_value_dict *dict, struct bco_value key) {
    const struct bco_pair *pair = find_pair(dict, key);
    return pair ? &pair->value : NULL;
}

const struct bco_value *bco_dict_get_text(const struct bco_value_dict *dict, const char *key) {
    return bco_dict_get(dict, bco_value_text(key, strlen(key)));
}

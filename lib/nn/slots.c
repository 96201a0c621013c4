#include "base/mem.h"
#include "nn/model.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16 /* floats */

bool bco_slots_add(struct bco_slots *s, const char *name, size_t rows, size_t columns, enum bco_start start,
                   bool joined) {
    struct bco_slot slot = {.dims = rows ? 2 : 1, .shape = {rows ? rows : columns, rows ? columns : 0}, .start = start};
    slot.offset = joined ? s->floats : (s->floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!bco_size_mul(rows ? rows : 1, columns, &slot.count) || !bco_size_add(slot.offset, slot.count, &s->floats) ||
        s->floats > PTRDIFF_MAX / sizeof(float) - ALIGNMENT ||
        !bco_grow((void **)&s->slot, &s->capacity, s->count + 1, sizeof *s->slot) ||
        !(slot.name = bco_strndup(name, strlen(name))))
        return false;
    slot.joined = joined;
    s->elements += slot.count;
    s->slot[s->count++] = slot;
    return true;
}

static size_t aligned(size_t at) {
    return (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Matrices to one piece of memory, the rest to the other. Sums cannot wrap: together they are no more than before. */
static bool place_halves(struct bco_slots *s) {
    size_t halves = 0;
    s->floats = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct bco_slot *slot = &s->slot[i];
        slot->half = slot->dims == 2 && !slot->wide;
        size_t *end = slot->half ? &halves : &s->floats;
        slot->offset = slot->joined ? *end : aligned(*end);
        *end = slot->offset + slot->count;
    }
    s->halves = bco_malloc_huge(halves, sizeof *s->halves);
    return s->halves != NULL;
}

bool bco_slots_place(struct bco_slots *s, bool gradients, bool half) {
    if (half && !place_halves(s)) return false;
    s->weights = bco_malloc_huge(s->floats, sizeof(float));
    if (!s->weights) return false;
    if (!gradients) return true;
    s->gradients = bco_malloc_huge(s->floats, sizeof(float));
    if (s->gradients) memset(s->gradients, 0, s->floats * sizeof(float));
    return s->gradients != NULL;
}

const float *bco_slot_values(const struct bco_slots *s, const struct bco_slot *slot, size_t first, size_t count,
                             float *wide) {
    if (!slot->half) return s->weights + slot->offset + first;
    bco_widen((struct bco_half){s->halves, s->bf16}, slot->offset + first, count, wide);
    return wide;
}

struct bco_slot *bco_slots_find(const struct bco_slots *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->slot[i].name, name) == 0) return &s->slot[i];
    return NULL;
}

void bco_slots_free(struct bco_slots *s) {
    for (size_t i = 0; i < s->count; i++) free(s->slot[i].name);
    free(s->slot);
    free(s->weights);
    free(s->halves);
    free(s->gradients);
    *s = (struct bco_slots){0};
}

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
    s->elements += slot.count;
    s->slot[s->count++] = slot;
    return true;
}

bool bco_slots_place(struct bco_slots *s, bool gradients) {
    s->weights = bco_malloc_aligned(s->floats, sizeof(float));
    if (!s->weights) return false;
    if (!gradients) return true;
    s->gradients = bco_malloc_aligned(s->floats, sizeof(float));
    if (s->gradients) memset(s->gradients, 0, s->floats * sizeof(float));
    return s->gradients != NULL;
}

void bco_slots_free(struct bco_slots *s) {
    for (size_t i = 0; i < s->count; i++) free(s->slot[i].name);
    free(s->slot);
    free(s->weights);
    free(s->gradients);
    *s = (struct bco_slots){0};
}

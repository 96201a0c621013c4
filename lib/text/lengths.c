#include "text/lengths.h"

#include "base/mem.h"

#include <string.h>

bool bco_lengths_add(struct bco_lengths *lengths, size_t length) {
    if (length >= lengths->size) {
        if (!bco_grow((void **)&lengths->counts, &lengths->capacity, length + 1, sizeof *lengths->counts)) return false;
        memset(lengths->counts + lengths->size, 0, (length + 1 - lengths->size) * sizeof *lengths->counts);
        lengths->size = length + 1;
    }
    lengths->counts[length]++;
    return true;
}

/* The least length that at least share * count of all do not exceed. */
static uint64_t quantile(const struct bco_lengths *lengths, uint64_t count, double share) {
    uint64_t below = 0;
    size_t i = 0;
    for (; i + 1 < lengths->size; i++) {
        below += lengths->counts[i];
        if (below > 0 && (double)below >= share * (double)count) break;
    }
    return i;
}

void bco_lengths_sum_up(const struct bco_lengths *lengths, struct bco_token_lengths *sum) {
    *sum = (struct bco_token_lengths){0};
    for (size_t i = 0; i < lengths->size; i++) {
        sum->count += lengths->counts[i];
        sum->tokens += lengths->counts[i] * i;
    }
    if (!sum->count) return;
    sum->min = quantile(lengths, sum->count, 0);
    sum->p25 = quantile(lengths, sum->count, 0.25);
    sum->p50 = quantile(lengths, sum->count, 0.5);
    sum->p75 = quantile(lengths, sum->count, 0.75);
    sum->p95 = quantile(lengths, sum->count, 0.95);
    sum->max = lengths->size - 1;
    sum->mean = (double)sum->tokens / (double)sum->count;
}

void bco_lengths_free(struct bco_lengths *lengths) {
    free(lengths->counts);
    *lengths = (struct bco_lengths){0};
}

/* How often each length occurs, for exact quantiles in little memory. */
#ifndef BCO_TEXT_LENGTHS_H
#define BCO_TEXT_LENGTHS_H

#include <bco/tokenize.h>
#include <stddef.h>

struct bco_lengths {
    uint64_t *counts; /* by length */
    size_t size, capacity;
};

bool bco_lengths_add(struct bco_lengths *lengths, size_t length); /* false: out of memory */
void bco_lengths_sum_up(const struct bco_lengths *lengths, struct bco_token_lengths *sum);
void bco_lengths_free(struct bco_lengths *lengths);

#endif

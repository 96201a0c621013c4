#include "nn/sampler.h"

#include <math.h>
#include <stdlib.h>

static size_t greatest(const float *logits, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

/* Likeliest first; equal ones by id, so that the order is one. */
static int by_share(const void *a, const void *b) {
    const struct bco_candidate *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static double sum_of(const struct bco_candidate *list, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += list[i].p;
    return sum;
}

/* Drops what is certainly outside top_p: tokens under (1 - top_p)/count of the
 * whole make up less than 1 - top_p together. What is left is soon sorted. */
static size_t drop_tail(struct bco_candidate *list, size_t count, double floor) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].p >= floor) list[kept++] = list[i];
    return kept;
}

/* `list` is sorted. */
static size_t cut_top_k(const struct bco_candidate *list, size_t count, uint64_t k) {
    if (k >= count) return count;
    size_t kept = (size_t)k;
    while (kept < count && list[kept].p == list[k - 1].p) kept++;
    return kept;
}

static size_t cut_top_p(const struct bco_candidate *list, size_t count, double wanted) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if ((sum += list[i].p) >= wanted) return i + 1;
    return count;
}

static int32_t draw(const struct bco_candidate *list, size_t count, struct bco_rng *rng) {
    double point = bco_rng_uniform(rng) * sum_of(list, count), sum = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if ((sum += list[i].p) > point) return list[i].id;
    return list[count - 1].id;
}

int32_t bco_sample_token(const struct bco_generate_options *options, const float *logits, size_t count,
                         struct bco_rng *rng, struct bco_candidate *room) {
    size_t best = greatest(logits, count), kept = count;
    if (options->greedy) return (int32_t)best;
    for (size_t i = 0; i < count; i++)
        room[i] =
            (struct bco_candidate){exp(((double)logits[i] - (double)logits[best]) / options->temperature), (int32_t)i};
    bool all_k = options->top_k == 0 || options->top_k >= count;
    if (all_k && options->top_p >= 1) return draw(room, count, rng);
    double sum = sum_of(room, count);
    if (all_k) kept = drop_tail(room, count, sum * (1 - options->top_p) / (double)count);
    qsort(room, kept, sizeof *room, by_share);
    if (!all_k) {
        kept = cut_top_k(room, kept, options->top_k);
        sum = sum_of(room, kept);
    }
    if (options->top_p < 1) kept = cut_top_p(room, kept, options->top_p * sum);
    return draw(room, kept, rng);
}

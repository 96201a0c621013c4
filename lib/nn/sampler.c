#include "nn/sampler.h"
#include "nn/kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

BCO_CLONES static float most_of(const float *logits, size_t count) {
    float most = logits[0];
#pragma omp simd reduction(max : most)
    for (size_t i = 1; i < count; i++) most = logits[i] > most ? logits[i] : most;
    return most;
}

/* The first of the greatest. */
static size_t greatest(const float *logits, size_t count) {
    float most = most_of(logits, count);
    for (size_t i = 0; i < count; i++)
        if (logits[i] == most) return i;
    return 0;
}

/* Likeliest first; equal ones by id, so that the order is one. */
static bool before(struct bco_candidate a, struct bco_candidate b) {
    return a.p > b.p || (a.p == b.p && a.id < b.id);
}

static double sum_of(const struct bco_candidate *list, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += list[i].p;
    return sum;
}

static void swap(struct bco_candidate *a, struct bco_candidate *b) {
    struct bco_candidate kept = *a;
    *a = *b;
    *b = kept;
}

/* Brings what is before a pivot in front of it, and the others behind it; returns its place. */
static size_t partition(struct bco_candidate *list, size_t count) {
    struct bco_candidate *last = &list[count - 1], *middle = &list[count / 2];
    if (before(*middle, *list)) swap(middle, list);
    if (before(*last, *list)) swap(last, list);
    if (before(*middle, *last)) swap(middle, last); /* the median of the three is the last now */
    size_t place = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if (before(list[i], *last)) swap(&list[place++], &list[i]);
    swap(&list[place], last);
    return place;
}

/* The last of the likeliest candidates that together weigh `wanted`, found as
 * quickselect does, without sorting. A candidate weighs 1 (`by_count`) or p. */
static struct bco_candidate find_last(struct bco_candidate *list, size_t count, double wanted, bool by_count) {
    for (;;) {
        size_t place = partition(list, count);
        struct bco_candidate pivot = list[place];
        double front = by_count ? (double)place : sum_of(list, place), own = by_count ? 1 : pivot.p;
        if (front >= wanted && place > 0) {
            count = place;
            continue;
        }
        if (front + own >= wanted || place + 1 == count) return pivot;
        wanted -= front + own;
        list += place + 1;
        count -= place + 1;
    }
}

/* Keeps, in place and in their order, those that are not behind `last` (`ties`: or are as likely). */
static size_t keep_to(struct bco_candidate *list, size_t count, struct bco_candidate last, bool ties) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!before(last, list[i]) || (ties && list[i].p == last.p)) list[kept++] = list[i];
    return kept;
}

/* Candidates stand by id: a last bit of rounding elsewhere moves no other token's share. */
static int32_t draw(const struct bco_candidate *list, size_t count, struct bco_rng *rng) {
    double point = bco_rng_uniform(rng) * sum_of(list, count), sum = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if ((sum += list[i].p) > point) return list[i].id;
    return list[count - 1].id;
}

static size_t keep_min_p(struct bco_candidate *list, size_t count, double min_p) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].p >= min_p) list[kept++] = list[i]; /* the likeliest has 1 */
    return kept;
}

size_t bco_candidates(const struct bco_generate_options *options, const float *logits, size_t count,
                      struct bco_candidate *room) {
    struct bco_candidate *work = room + count;
    size_t best = greatest(logits, count), kept = count;
    for (size_t i = 0; i < count; i++)
        room[i] =
            (struct bco_candidate){exp(((double)logits[i] - (double)logits[best]) / options->temperature), (int32_t)i};
    if (options->top_k && options->top_k < count) {
        memcpy(work, room, kept * sizeof *room);
        kept = keep_to(room, kept, find_last(work, kept, (double)options->top_k, true), true);
    }
    if (options->top_p < 1) {
        memcpy(work, room, kept * sizeof *room);
        kept = keep_to(room, kept, find_last(work, kept, options->top_p * sum_of(room, kept), false), false);
    }
    return options->min_p > 0 ? keep_min_p(room, kept, options->min_p) : kept;
}

int32_t bco_sample_token(const struct bco_generate_options *options, const float *logits, size_t count,
                         struct bco_rng *rng, struct bco_candidate *room) {
    size_t best = greatest(logits, count);
    if (options->greedy || !isfinite(logits[best])) return (int32_t)best;
    return draw(room, bco_candidates(options, logits, count, room), rng);
}

double bco_token_logp(const float *logits, size_t count, int32_t id) {
    double top = logits[greatest(logits, count)], sum = 0;
    for (size_t i = 0; i < count; i++) sum += exp((double)logits[i] - top);
    return (double)logits[id] - top - log(sum);
}

void bco_penalize(double penalty, float *logits, const int32_t *ids, size_t count, bool *seen) {
    for (size_t i = 0; i < count; i++) {
        float *logit = &logits[ids[i]];
        if (seen[ids[i]]) continue;
        seen[ids[i]] = true;
        *logit = (float)(*logit > 0 ? *logit / penalty : *logit * penalty);
    }
}

void bco_unsee(const int32_t *ids, size_t count, bool *seen) {
    for (size_t i = 0; i < count; i++) seen[ids[i]] = false;
}

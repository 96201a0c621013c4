/* What rewards are worth: accuracy, ranking, calibration. */
#include "base/fail.h"
#include "base/mem.h"
#include "base/sigmoid.h"

#include <bco/reward.h>

#include <math.h>

struct score {
    double reward;
    bool up;
};

struct bco_scores {
    struct score *items;
    size_t count, capacity;
    uint64_t pairs, ties, right;
    double margin; /* the sum */
};

enum bco_code bco_scores_new(struct bco_scores **scores, struct bco_error *err) {
    *scores = bco_calloc(1, sizeof **scores);
    return *scores ? BCO_OK : bco_fail_memory(err);
}

void bco_scores_free(struct bco_scores *s) {
    if (s) free(s->items);
    free(s);
}

enum bco_code bco_scores_add(struct bco_scores *s, double reward, bool up, struct bco_error *err) {
    if (!isfinite(reward)) return bco_fail(err, BCO_EDATA, "a reward that is no finite number");
    if (!bco_grow((void **)&s->items, &s->capacity, s->count + 1, sizeof *s->items)) return bco_fail_memory(err);
    s->items[s->count++] = (struct score){reward, up};
    return BCO_OK;
}

enum bco_code bco_scores_add_pair(struct bco_scores *s, double chosen, double rejected, struct bco_error *err) {
    if (!isfinite(chosen - rejected)) return bco_fail(err, BCO_EDATA, "a margin that is no finite number");
    s->pairs++;
    s->right += chosen > rejected;
    s->ties += chosen == rejected;
    s->margin += chosen - rejected;
    return BCO_OK;
}

/* ---- the summary ------------------------------------------------------------------- */

static int by_reward(const void *a, const void *b) {
    const struct score *x = a, *y = b;
    return (x->reward > y->reward) - (x->reward < y->reward);
}

/* Goes through groups of equal rewards, from the least on: ranks for the AUC
 * (Mann and Whitney), and how many are right if a group and all above it are called up. */
static void rank(const struct score *sorted, size_t count, struct bco_scores_summary *out) {
    double above = 0, up = (double)out->up, down = (double)out->down, downs_below = 0, right, best = down;
    right = up; /* all are called up */
    out->best_threshold = NAN;
    for (size_t i = 0, next; i < count; i = next) {
        double ups = 0, downs = 0;
        for (next = i; next < count && sorted[next].reward == sorted[i].reward; next++)
            *(sorted[next].up ? &ups : &downs) += 1;
        if (right > best) {
            best = right;
            out->best_threshold = sorted[i].reward;
        }
        right += downs - ups;
        above += ups * (downs_below + downs / 2);
        downs_below += downs;
    }
    out->auc = up > 0 && down > 0 ? above / (up * down) : NAN;
    out->best_accuracy = best / (double)count;
}

static void calibrate(const struct score *items, size_t count, struct bco_scores_summary *out) {
    out->ece = 0;
    for (size_t i = 0; i < count; i++) {
        double p = bco_sigmoid(items[i].reward - out->threshold);
        int bin = (int)(p * BCO_RELIABILITY_BINS);
        struct bco_reliability *b = &out->bins[bin < BCO_RELIABILITY_BINS ? bin : BCO_RELIABILITY_BINS - 1];
        b->n++;
        b->p += p;
        b->up += items[i].up;
    }
    for (int i = 0; i < BCO_RELIABILITY_BINS; i++) {
        struct bco_reliability *b = &out->bins[i];
        out->ece += fabs(b->up - b->p) / (double)count;
        b->p = b->n ? b->p / (double)b->n : NAN;
        b->up = b->n ? b->up / (double)b->n : NAN;
    }
}

static void average(const struct score *items, size_t count, struct bco_scores_summary *out) {
    double right = 0, up = 0, down = 0;
    for (size_t i = 0; i < count; i++) {
        *(items[i].up ? &up : &down) += items[i].reward;
        *(items[i].up ? &out->up : &out->down) += 1;
        right += (items[i].reward > out->threshold) == items[i].up;
    }
    out->n = count;
    out->accuracy = right / (double)count;
    out->reward_up = out->up ? up / (double)out->up : NAN;
    out->reward_down = out->down ? down / (double)out->down : NAN;
}

enum bco_code bco_scores_summarise(const struct bco_scores *s, double threshold, struct bco_scores_summary *out,
                                   struct bco_error *err) {
    struct score *sorted = bco_malloc(s->count, sizeof *sorted);
    double pairs = (double)s->pairs;
    if (!sorted) return bco_fail_memory(err);
    for (size_t i = 0; i < s->count; i++) sorted[i] = s->items[i];
    qsort(sorted, s->count, sizeof *sorted, by_reward);
    *out = (struct bco_scores_summary){.threshold = threshold, .pairs = s->pairs, .pair_ties = s->ties};
    out->pair_accuracy = s->pairs ? ((double)s->right + (double)s->ties / 2) / pairs : NAN;
    out->pair_margin = s->pairs ? s->margin / pairs : NAN;
    average(sorted, s->count, out);
    rank(sorted, s->count, out);
    calibrate(sorted, s->count, out);
    if (s->count == 0) out->accuracy = out->best_accuracy = out->ece = NAN;
    free(sorted);
    return BCO_OK;
}

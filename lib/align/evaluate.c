#include "align/trainer.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* What a held-out sample takes: its entry, its place in `chosen`, its score. */
_Static_assert(sizeof(struct bco_entry) + sizeof(size_t) + sizeof(struct bco_scored) <= 64, "64 bytes a sample");

enum { GROUPED = 4096 }; /* entries among which equal prompts are brought together; even, for pairs */

struct evaluation {
    struct bco_tally tally;
    struct bco_scored *scored;
    size_t count;
    uint64_t tokens;
};

static enum bco_code look_at(struct bco_trainer *t, struct evaluation *e, double delta, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    enum bco_code code = bco_micro_forward(t, err);
    if (code == BCO_OK) code = bco_micro_tally(t, t->valid, delta, &e->tally, err);
    for (size_t b = 0; b < m->pack.count && code == BCO_OK; b++)
        e->scored[e->count++] = bco_scored_of(m->logp[b] - m->ref_logp[b], m->weight[b], m->up[b]);
    e->tokens += m->pack.tokens;
    return code;
}

static enum bco_code look_at_all(struct bco_trainer *t, struct evaluation *e, size_t count, double delta,
                                 struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t done = 0; done < count && code == BCO_OK; done += t->micro.pack.count) {
        if (bco_trainer_stopped(t)) return BCO_EINTERRUPTED;
        code = bco_micro_fill(t, t->valid, t->chosen + done, count - done, err);
        if (code == BCO_OK) code = look_at(t, e, delta, err);
    }
    return code;
}

static void give_back_entries(struct bco_trainer *t) {
    free(t->chosen);
    t->chosen = NULL;
    t->chosen_capacity = 0;
}

enum bco_code bco_trainer_choose_all(struct bco_trainer *t, const struct bco_dataset *data, size_t *count,
                                     struct bco_error *err) {
    *count = bco_dataset_entries(data);
    if (!bco_grow((void **)&t->chosen, &t->chosen_capacity, *count, sizeof *t->chosen)) return bco_fail_memory(err);
    for (size_t i = 0; i < *count; i++) t->chosen[i] = i;
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < *count && code == BCO_OK; i += GROUPED)
        code = bco_micro_group(t, data, t->chosen + i, *count - i < GROUPED ? *count - i : GROUPED, err);
    return code;
}

/* With the shift as it is now: what a step that followed would use under ema. */
enum bco_code bco_trainer_evaluate(struct bco_trainer *t, struct bco_train_metrics *metrics, struct bco_error *err) {
    double started = bco_clock(), delta = t->options->loss == BCO_LOSS_BCO ? bco_shift_delta(&t->shift) : 0;
    size_t count;
    enum bco_code code = bco_trainer_choose_all(t, t->valid, &count, err);
    if (code != BCO_OK) return code;
    struct evaluation e = {.scored = bco_malloc(count, sizeof *e.scored)};
    if (!e.scored) return bco_fail_memory(err);
    if (t->options->loss == BCO_LOSS_KTO) code = bco_trainer_kl(t, t->valid, t->chosen, count, &delta, err);
    if (code == BCO_OK) code = look_at_all(t, &e, count, delta, err);
    if (code == BCO_OK) {
        *metrics = (struct bco_train_metrics){.step = t->step, .evaluation = true, .tokens = e.tokens};
        bco_trainer_sum_up(t, &e.tally, bco_loss_denominators(t, t->valid, t->chosen, count), delta, metrics);
        give_back_entries(t); /* qsort needs as much */
        metrics->auc = bco_auc(e.scored, e.count);
        metrics->shift_up = t->shift.mean_up;
        metrics->shift_down = t->shift.mean_down;
        metrics->seconds = bco_clock() - started;
        metrics->tokens_per_second = (double)e.tokens / fmax(metrics->seconds, 1e-9);
    }
    free(e.scored);
    return code;
}

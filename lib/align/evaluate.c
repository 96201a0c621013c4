#include "align/trainer.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* A held-out record has at most two scores. */
_Static_assert(BCO_RECORD_BYTES + 2 * sizeof(struct bco_scored) <= 64, "64 bytes a record");

enum { AT_ONCE = 4096 }; /* records, among which equal prompts are brought together */

struct evaluation {
    struct bco_tally tally;
    struct bco_denominators denominators;
    struct bco_scored *scored;
    size_t count;
    uint64_t tokens;
    double delta;
};

enum bco_code bco_trainer_choose_held_out(struct bco_trainer *t, size_t *record, size_t *count, struct bco_error *err) {
    size_t left = bco_dataset_records(t->valid) - *record, records = left < AT_ONCE ? left : AT_ONCE;
    if (!bco_grow((void **)&t->chosen, &t->chosen_capacity, 2 * records, sizeof *t->chosen))
        return bco_fail_memory(err);
    *count = bco_dataset_list(t->valid, *record, records, t->chosen);
    *record += records;
    return bco_micro_group(t, t->valid, t->chosen, *count, err);
}

static enum bco_code look_at(struct bco_trainer *t, struct evaluation *e, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    enum bco_code code = bco_micro_forward(t, err);
    if (code == BCO_OK) code = bco_micro_tally(t, t->valid, e->delta, &e->tally, err);
    for (size_t b = 0; b < m->pack.count && code == BCO_OK; b++)
        e->scored[e->count++] = bco_scored_of(m->logp[b] - m->ref_logp[b], m->weight[b], m->up[b]);
    e->tokens += m->pack.tokens;
    return code;
}

static enum bco_code look_at_all(struct bco_trainer *t, struct evaluation *e, struct bco_error *err) {
    size_t count;
    for (size_t record = 0; record < bco_dataset_records(t->valid);) {
        enum bco_code code = bco_trainer_choose_held_out(t, &record, &count, err);
        if (code != BCO_OK) return code;
        struct bco_denominators d = bco_loss_denominators(t, t->valid, t->chosen, count);
        e->denominators.loss += d.loss;
        e->denominators.up_tokens += d.up_tokens;
        for (size_t done = 0; done < count; done += t->micro.pack.count) {
            if (bco_trainer_stopped(t)) return BCO_EINTERRUPTED;
            code = bco_micro_fill(t, t->valid, t->chosen + done, count - done, err);
            if (code == BCO_OK) code = look_at(t, e, err);
            if (code != BCO_OK) return code;
        }
    }
    return BCO_OK;
}

/* The shift as it is now: what a step that followed would use under ema. */
static enum bco_code find_delta(struct bco_trainer *t, double *delta, struct bco_error *err) {
    struct bco_kl kl = {0};
    enum bco_code code = BCO_OK;
    size_t records = t->options->loss == BCO_LOSS_KTO ? bco_dataset_records(t->valid) : 0, count;
    *delta = t->options->loss == BCO_LOSS_BCO ? bco_shift_delta(&t->shift) : 0;
    for (size_t record = 0; record < records && code == BCO_OK;) {
        code = bco_trainer_choose_held_out(t, &record, &count, err);
        if (code == BCO_OK) code = bco_trainer_kl(t, t->valid, t->chosen, count, &kl, err);
    }
    if (records) *delta = bco_trainer_kl_delta(t, &kl);
    return code;
}

enum bco_code bco_trainer_evaluate(struct bco_trainer *t, struct bco_train_metrics *metrics, struct bco_error *err) {
    double started = bco_clock();
    struct evaluation e = {.scored = bco_malloc(bco_dataset_size(t->valid), sizeof *e.scored)};
    enum bco_code code = e.scored ? find_delta(t, &e.delta, err) : bco_fail_memory(err);
    if (code == BCO_OK) code = look_at_all(t, &e, err);
    if (code == BCO_OK) {
        *metrics = (struct bco_train_metrics){.step = t->step, .evaluation = true, .tokens = e.tokens};
        bco_trainer_sum_up(t, &e.tally, e.denominators, e.delta, metrics);
        metrics->auc = bco_auc(e.scored, e.count);
        metrics->shift_up = t->shift.mean_up;
        metrics->shift_down = t->shift.mean_down;
        metrics->seconds = bco_clock() - started;
        metrics->tokens_per_second = (double)e.tokens / fmax(metrics->seconds, 1e-9);
    }
    free(e.scored);
    return code;
}

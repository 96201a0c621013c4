#include "align/sort.h"
#include "align/trainer.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool bco_trainer_stopped(const struct bco_trainer *t) {
    return t->watch && t->watch->stop && t->watch->stop(t->watch->user);
}

void bco_trainer_warn(const struct bco_trainer *t, const char *text) {
    if (t->watch && t->watch->warn) t->watch->warn(t->watch->user, text);
}

/* ---- which records ------------------------------------------------------------------- */

/* The permutation depends on the seed, the epoch and the prompts alone, so a checkpoint needs no copy of it. */
enum { STREAM_OF_EPOCHS = 0x45504f43 };

struct by_prompt {
    const uint64_t *prompts;
    uint64_t seed, epoch;
};

static uint64_t place_of(const struct by_prompt *by, uint64_t record) {
    const uint64_t key[] = {by->prompts[record], by->seed, by->epoch};
    return bco_hash_bytes(key, sizeof key, STREAM_OF_EPOCHS).low;
}

static bool comes_before(const void *a, const void *b, const void *user) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    uint64_t place = place_of(user, x), other = place_of(user, y);
    return place != other ? place < other : x < y;
}

static void order_epoch(struct bco_trainer *t, uint64_t epoch) {
    const struct by_prompt by = {t->prompts, t->options->seed, epoch};
    struct bco_rng rng = {t->options->seed, (uint64_t)STREAM_OF_EPOCHS << 32 | epoch, 0};
    if (t->ordered == epoch + 1) return;
    for (size_t r = 0; r < t->records; r++) t->order[r] = r;
    if (t->options->order == BCO_ORDER_SHUFFLE) bco_rng_shuffle(&rng, t->order, t->records);
    if (t->options->order == BCO_ORDER_PROMPTS) bco_sort(t->order, t->records, comes_before, &by);
    t->ordered = epoch + 1;
}

enum bco_code bco_trainer_choose(struct bco_trainer *t, size_t *count, struct bco_error *err) {
    uint64_t first = t->step % t->per_epoch * t->options->batch, left = t->records - first;
    uint64_t records = left < t->options->batch ? left : t->options->batch;
    order_epoch(t, t->step / t->per_epoch);
    if (!bco_grow((void **)&t->chosen, &t->chosen_capacity, (size_t)records * 2, sizeof *t->chosen))
        return bco_fail_memory(err);
    *count = 0;
    for (uint64_t i = first; i < first + records; i++)
        *count += bco_dataset_list(t->train, (size_t)t->order[i], 1, t->chosen + *count);
    return bco_micro_group(t, t->train, t->chosen, *count, err);
}

/* ---- the shift that needs the step's rewards first ------------------------------------- */

static enum bco_code sum_rewards(struct bco_trainer *t, size_t count, struct bco_shift_sums *sums,
                                 struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    for (size_t done = 0; done < count; done += m->pack.count) {
        if (bco_trainer_stopped(t)) return BCO_EINTERRUPTED;
        enum bco_code code = bco_micro_fill(t, t->train, t->chosen + done, count - done, err);
        if (code == BCO_OK) code = bco_micro_forward(t, err);
        for (size_t b = 0; b < m->pack.count && code == BCO_OK; b++) {
            if (!isfinite(m->logp[b])) code = bco_micro_fail(t, t->train, t->scores ? "score" : "log-prob", err);
            bco_shift_add(sums, t->beta * (m->logp[b] - m->ref_logp[b]), m->weight[b], m->up[b]);
        }
        if (code != BCO_OK) return code;
    }
    return BCO_OK;
}

/* ---- the gradient ------------------------------------------------------------------------ */

struct pass {
    struct bco_trainer *trainer;
    double delta, norm;
    struct bco_denominators denominators;
    struct bco_tally tally;
};

/* Of the sft part: ups' log-probs alone are in it. */
static double anchor_slope(const struct pass *p, size_t b) {
    const struct bco_micro *m = &p->trainer->micro;
    double weight = p->trainer->options->sft_weight;
    return weight > 0 && m->up[b] ? -weight * m->weight[b] / p->denominators.up_tokens : 0;
}

static double slope(void *user, size_t b, double logp) {
    const struct pass *p = user;
    const struct bco_micro *m = &p->trainer->micro;
    struct bco_loss_samples sample = {1, &logp, &m->ref_logp[b], &m->up[b], &m->loss_weight[b]};
    double dloss;
    if (bco_loss_is_paired(p->trainer->options->loss)) {
        if (b % 2 == 0) bco_micro_pair(p->trainer, b);
        return m->slope[b] / p->denominators.loss + anchor_slope(p, b);
    }
    bco_loss_binary(p->trainer->options->loss, p->trainer->beta, bco_trainer_shift(p->trainer, p->delta), &sample, NULL,
                    &dloss);
    return dloss / p->denominators.loss + anchor_slope(p, b);
}

/* Nats a token that rounding may make of equal models. bco-refcache has an adapter in the weights, which bf16 rounds
 * with it; here the adapter's own products are f32. */
static double rounding(const struct bco_model *model) {
    return model->lora.rank > 0 && bco_model_precision(model) == BCO_PRECISION_BF16 ? 2e-2 : 1e-4;
}

/* Before the first step the policy is the reference, and every log-ratio is 0 but for rounding. */
static void check_start(struct bco_trainer *t) {
    const struct bco_micro *m = &t->micro;
    struct bco_buf name = {0};
    char text[512];
    for (size_t b = 0; b < m->pack.count; b++) {
        const struct bco_entry e = bco_dataset_entry(t->train, m->entries[b]);
        double room = 1e-3 + rounding(t->model) * (e.length - e.prompt_len) + 1e-5 * fabs(e.ref_logp);
        if (fabs(m->logp[b] - e.ref_logp) <= room) continue;
        bco_dataset_name(t->train, m->entries[b], &name);
        snprintf(text, sizeof text,
                 "%.200s: rewards do not start at 0: ref_logp is %.6g, and the model that ref_id names gives %.6g",
                 name.failed ? "" : name.data, e.ref_logp, m->logp[b]);
        bco_trainer_warn(t, text);
        bco_buf_free(&name);
        return;
    }
}

/* What --allow-mixed costs: before the first step nothing but the precision makes policy and reference differ. */
struct mixed {
    double logps, tokens; /* sums of squares: of log-ratios, and of those a token */
    size_t samples;
};

static void add_mixed(const struct bco_trainer *t, struct mixed *mixed) {
    const struct bco_micro *m = &t->micro;
    for (size_t b = 0; b < m->pack.count; b++) {
        const struct bco_entry e = bco_dataset_entry(t->train, m->entries[b]);
        double off = m->logp[b] - m->ref_logp[b], token = off / (e.length - e.prompt_len);
        mixed->logps += off * off;
        mixed->tokens += token * token;
        mixed->samples++;
    }
}

static void say_mixed(const struct bco_trainer *t, const struct mixed *mixed) {
    char text[256];
    double n = (double)mixed->samples;
    if (mixed->samples == 0) return;
    snprintf(
        text, sizeof text,
        "the first step's reference log-probs, of another precision, are off by %.2g nats a token, and rewards start "
        "off by %.2g (root mean squares)",
        sqrt(mixed->tokens / n), t->beta * sqrt(mixed->logps / n));
    bco_trainer_warn(t, text);
}

static enum bco_code micro_step(struct pass *p, struct bco_error *err) {
    struct bco_trainer *t = p->trainer;
    struct bco_batch batch = bco_pack_batch(&t->micro.pack);
    bool pairs = bco_loss_is_paired(t->options->loss);
    enum bco_code code = (t->scores ? bco_model_score_grad
                          : pairs   ? bco_model_grad_pairs
                                    : bco_model_grad)(t->model, &batch, slope, p, t->micro.logp, err);
    if (code == BCO_OK) code = bco_micro_tally(t, t->train, p->delta, &p->tally, err);
    if (code != BCO_OK) return code;
    p->norm = bco_model_gradient_norm(t->model);
    return isfinite(p->norm) ? BCO_OK : bco_micro_fail(t, t->train, "gradient", err);
}

static enum bco_code sum_gradients(struct pass *p, size_t count, struct bco_shift_sums *sums, struct bco_error *err) {
    struct bco_trainer *t = p->trainer;
    struct bco_micro *m = &t->micro;
    struct mixed mixed = {0};
    bool check = t->step == 0 && bco_dataset_starts_at_reference(t->train);
    bool measure = t->step == 0 && bco_dataset_is_mixed(t->train);
    bco_model_zero_gradients(t->model);
    for (size_t done = 0; done < count; done += m->pack.count) {
        if (bco_trainer_stopped(t)) return BCO_EINTERRUPTED;
        enum bco_code code = bco_micro_fill(t, t->train, t->chosen + done, count - done, err);
        if (code == BCO_OK) code = micro_step(p, err);
        if (code != BCO_OK) return code;
        for (size_t b = 0; b < m->pack.count; b++)
            bco_shift_add(sums, t->beta * (m->logp[b] - m->ref_logp[b]), m->weight[b], m->up[b]);
        if (check) check_start(t);
        if (measure) add_mixed(t, &mixed);
    }
    say_mixed(t, &mixed);
    return BCO_OK;
}

/* ---- the step ------------------------------------------------------------------------------ */

static uint64_t tokens_of(const struct bco_trainer *t, size_t count) {
    uint64_t tokens = 0;
    for (size_t i = 0; i < count; i++) tokens += bco_dataset_entry(t->train, t->chosen[i]).length;
    return tokens;
}

static bool has_shift(const struct bco_trainer *t) {
    return t->options->loss == BCO_LOSS_BCO && t->options->shift != BCO_SHIFT_NONE;
}

/* Forward and backward of the whole step; the shift as it is behind it in *shift. */
static enum bco_code gradients(struct pass *p, size_t count, struct bco_shift *shift, struct bco_error *err) {
    struct bco_trainer *t = p->trainer;
    struct bco_shift_sums first = {0}, sums = {0};
    bool two_passes = has_shift(t) && bco_shift_needs_rewards(t->options->shift);
    if (two_passes) {
        enum bco_code code = sum_rewards(t, count, &first, err);
        if (code != BCO_OK) return code;
        bco_shift_update(shift, &first);
    }
    p->delta = has_shift(t) ? bco_shift_delta(shift) : 0;
    if (t->options->loss == BCO_LOSS_KTO) {
        struct bco_kl kl = {0};
        enum bco_code code = bco_trainer_kl(t, t->train, t->chosen, count, &kl, err);
        if (code != BCO_OK) return code;
        p->delta = bco_trainer_kl_delta(t, &kl);
    }
    enum bco_code code = sum_gradients(p, count, &sums, err);
    if (code == BCO_OK && !two_passes) bco_shift_update(shift, &sums);
    return code;
}

enum bco_code bco_trainer_step(struct bco_trainer *t, struct bco_train_metrics *metrics, struct bco_error *err) {
    double started = bco_clock();
    struct pass p = {.trainer = t};
    struct bco_shift shift = t->shift;
    size_t count;
    enum bco_code code = bco_trainer_choose(t, &count, err);
    if (code != BCO_OK) return code;
    p.denominators = bco_loss_denominators(t, t->train, t->chosen, count);
    code = gradients(&p, count, &shift, err);
    if (code != BCO_OK) return code;
    double rate = t->options->learning_rate * bco_schedule_factor(t->options->schedule, t->step, t->steps, t->warmup);
    bco_optimizer_step(t->optimizer, rate, p.norm);
    t->shift = shift;
    t->step++;
    *metrics = (struct bco_train_metrics){.step = t->step, .learning_rate = rate, .gradient_norm = p.norm};
    bco_trainer_sum_up(t, &p.tally, p.denominators, p.delta, metrics);
    metrics->shift_up = shift.mean_up;
    metrics->shift_down = shift.mean_down;
    metrics->tokens = tokens_of(t, count);
    metrics->seconds = bco_clock() - started;
    metrics->tokens_per_second = (double)metrics->tokens / fmax(metrics->seconds, 1e-9);
    return BCO_OK;
}

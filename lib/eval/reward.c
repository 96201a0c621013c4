#include "align/window.h"
#include "base/fail.h"
#include "base/mem.h"

#include <bco/refcache.h>
#include <bco/reward.h>

#include <math.h>
#include <stdlib.h>

enum { BATCH_TOKENS = 4096, BATCHES_A_WINDOW = 8 };

struct run {
    const struct bco_reward *reward;
    const struct bco_watch *watch;
    struct bco_reward_counts *counts;
    struct bco_source source;
    struct bco_window window;
    struct bco_compute compute;
    struct bco_reference_id expected; /* of every ref_id */
    bool classifier, has_id, some_without_id;
    double beta;
};

/* ---- what a record says of its reference ----------------------------------------------- */

static enum bco_code need_reference(const struct bco_record *record, const char *field, double *value,
                                    struct bco_error *err) {
    if (bco_record_kind(record, field) == BCO_MISSING)
        return bco_record_fail(record, field, err, "is missing: bco-refcache adds it");
    if (bco_record_number(record, field, value) && isfinite(*value)) return BCO_OK;
    size_t length;
    char *got = bco_record_json(record, field, &length);
    enum bco_code code =
        bco_record_fail(record, field, err, "is not a finite number, got '%.64s'", got ? got : "something else");
    free(got);
    return code;
}

/* The first ref_id says what all of them must be, but where options say it. Its
 * weights are the reference's, which may be any, but the same ones everywhere. */
static void expect(struct run *r, const struct bco_reference_id *id) {
    const struct bco_reward *given = r->reward;
    struct bco_limits limits = r->source.limits;
    if (!given->max_length_given) limits.max_length = id->limits.max_length;
    if (!given->max_prompt_given) limits.max_prompt = id->limits.max_prompt;
    if (!given->overlong_given) limits.overlong = id->limits.overlong;
    if (!given->bos_given) limits.bos = id->limits.bos;
    if (!given->eos_given) limits.eos = id->limits.eos;
    r->source.limits = r->expected.limits = limits;
    r->expected.weights = id->weights;
    if (given->allow_mixed) r->expected.precision = id->precision;
    r->has_id = true;
}

static enum bco_code check_id(struct run *r, const struct bco_record *record, const struct bco_sample *sample,
                              struct bco_error *err) {
    const struct bco_template *chat = r->reward->limits.chat;
    struct bco_reference_id id;
    const char *text;
    size_t length;
    char words[512];
    if (bco_record_kind(record, "ref_id") == BCO_MISSING) {
        r->some_without_id = true;
        return BCO_OK;
    }
    if (!bco_record_text(record, "ref_id", &text, &length) || !bco_reference_id_parse(&id, text, length))
        return bco_record_fail(record, "ref_id", err, "is none that this bco-refcache writes");
    if (!r->has_id) expect(r, &id);
    r->expected.chat_template = sample->prompt.messages && chat ? bco_template_fingerprint(chat) : 0;
    if (!bco_reference_id_differs(&id, &r->expected, words, sizeof words)) return BCO_OK;
    r->source.fatal = true;
    return bco_record_fail(record, "ref_id", err, "made with other settings: %s", words);
}

static enum bco_code look(void *user, const struct bco_record *record, const struct bco_sample *sample, bool *skip,
                          struct bco_error *err) {
    struct run *r = user;
    double value;
    (void)skip;
    if (r->classifier) return BCO_OK;
    enum bco_code code = need_reference(record, sample->is_pair ? "ref_logp_chosen" : "ref_logp", &value, err);
    if (code == BCO_OK && sample->is_pair) code = need_reference(record, "ref_logp_rejected", &value, err);
    return code == BCO_OK ? check_id(r, record, sample, err) : code;
}

/* ---- rewards ---------------------------------------------------------------------------- */

static enum bco_code check_tokens(const struct bco_record *record, uint64_t number, const char *field, uint64_t have,
                                  struct bco_error *err) {
    double tokens;
    if (!bco_record_number(record, field, &tokens) || tokens == (double)have) return BCO_OK;
    return bco_fail(err, BCO_EDATA, "record %llu: %s is %g, but its completion has %llu tokens here",
                    (unsigned long long)number, field, tokens, (unsigned long long)have);
}

static enum bco_code reward_of(const struct run *r, const struct bco_record *record, uint64_t number,
                               const char *logp_field, const char *tokens_field, const struct bco_reference *result,
                               double *reward, struct bco_error *err) {
    double reference = 0;
    *reward = result->logp;
    if (r->classifier) return BCO_OK;
    enum bco_code code = check_tokens(record, number, tokens_field, result->tokens, err);
    if (code == BCO_OK) code = need_reference(record, logp_field, &reference, err);
    if (code == BCO_OK) *reward = r->beta * (result->logp - reference);
    return code;
}

static enum bco_code add_pair(struct run *r, struct bco_record *record, uint64_t number,
                              const struct bco_reference *const results[4], struct bco_error *err) {
    double chosen, rejected;
    enum bco_code code = reward_of(r, record, number, "ref_logp_chosen", "ref_tokens_chosen", results[0], &chosen, err);
    if (code == BCO_OK)
        code = reward_of(r, record, number, "ref_logp_rejected", "ref_tokens_rejected", results[1], &rejected, err);
    if (code == BCO_OK) code = bco_record_set_number(record, "reward_chosen", chosen, err);
    if (code == BCO_OK) code = bco_record_set_number(record, "reward_rejected", rejected, err);
    if (code == BCO_OK && r->reward->scores) code = bco_scores_add_pair(r->reward->scores, chosen, rejected, err);
    r->counts->pairs++;
    return code;
}

static enum bco_code add_binary(struct run *r, struct bco_record *record, uint64_t number,
                                const struct bco_reference *result, struct bco_error *err) {
    const struct bco_sample_options options = {.ids = r->reward->limits.ids};
    struct bco_sample sample;
    double reward;
    enum bco_code code = bco_record_sample(record, &options, &sample, err);
    if (code == BCO_OK) code = reward_of(r, record, number, "ref_logp", "ref_tokens", result, &reward, err);
    if (code == BCO_OK) code = bco_record_set_number(record, "reward", reward, err);
    if (code != BCO_OK || !sample.has_label) return code;
    *(sample.label ? &r->counts->up : &r->counts->down) += 1;
    return r->reward->scores ? bco_scores_add(r->reward->scores, reward, sample.label, err) : BCO_OK;
}

static enum bco_code add_rewards(void *user, struct bco_record *record, uint64_t number, size_t count,
                                 const struct bco_reference *const results[4], struct bco_error *err) {
    return count > 1 ? add_pair(user, record, number, results, err) : add_binary(user, record, number, results[0], err);
}

/* ---- the run -------------------------------------------------------------------------------- */

static enum bco_code watch_run(const struct run *r, uint64_t done, struct bco_error *err) {
    const struct bco_watch *w = r->watch;
    if (w && w->progress) w->progress(w->user, r->counts->out + done, 0, "records");
    if (w && w->stop && w->stop(w->user)) return bco_fail(err, BCO_EINTERRUPTED, "interrupted");
    return BCO_OK;
}

static enum bco_code run_window(struct run *r, struct bco_error *err) {
    size_t *order = NULL, count = 0, records = r->window.item_count;
    enum bco_code code = bco_window_pending(&r->window, &order, &count, err);
    for (size_t done = 0, taken = 0; code == BCO_OK && done < count; done += taken) {
        code = watch_run(r, records * done / count, err);
        if (code == BCO_OK) code = bco_window_compute(&r->window, &r->compute, order + done, count - done, &taken, err);
    }
    for (size_t i = 0; code == BCO_OK && i < count; i++) r->counts->tokens += r->window.jobs[order[i]].sequence.length;
    if (code == BCO_OK) code = bco_window_write(&r->window, r->reward->writer, add_rewards, r, err);
    if (code == BCO_OK) r->counts->out += records;
    free(order);
    return code;
}

static enum bco_code start(struct run *r, struct bco_error *err) {
    const struct bco_reward *w = r->reward;
    struct bco_limits limits = w->limits;
    enum bco_code code = bco_refcache_limits(&limits, w->model, w->tokenizer, err);
    r->classifier = bco_model_is_classifier(w->model);
    r->beta = w->beta > 0 ? w->beta : 0.1;
    r->expected.tokenizer = limits.ids ? 0 : bco_tokenizer_fingerprint(w->tokenizer);
    r->expected.precision = bco_model_precision(w->model);
    r->compute.model = w->model;
    r->compute.batch_tokens = w->batch_tokens ? w->batch_tokens : BATCH_TOKENS;
    r->source = (struct bco_source){.reader = w->reader,
                                    .rejects = w->rejects,
                                    .tokenizer = w->tokenizer,
                                    .vocabulary = bco_model_vocabulary(w->model),
                                    .limits = limits,
                                    .look = look,
                                    .user = r};
    return code;
}

static void finish(struct run *r, enum bco_code code) {
    r->counts->in = r->source.in;
    r->counts->rejected = r->source.rejected;
    r->counts->cuts = r->source.cuts;
    if (code == BCO_OK && r->some_without_id && r->watch && r->watch->warn)
        r->watch->warn(
            r->watch->user,
            "records without ref_id: nothing says whether their ref_logp fits this tokenizer and these limits");
    bco_window_free(&r->window);
    bco_pack_free(&r->compute.pack);
}

enum bco_code bco_reward_run(const struct bco_reward *reward, const struct bco_watch *watch,
                             struct bco_reward_counts *counts, struct bco_error *err) {
    struct bco_reward_counts own;
    struct run r = {.reward = reward, .watch = watch, .counts = counts ? counts : &own};
    size_t tokens, records = 1;
    *r.counts = (struct bco_reward_counts){0};
    enum bco_code code = start(&r, err);
    if (!bco_size_mul(r.compute.batch_tokens, BATCHES_A_WINDOW, &tokens)) tokens = r.compute.batch_tokens;
    while (code == BCO_OK && records > 0) {
        code = bco_window_fill(&r.window, &r.source, tokens, 0, err);
        records = r.window.item_count;
        if (code == BCO_OK) code = run_window(&r, err);
    }
    if (code == BCO_OK && r.source.seen == 0) code = bco_fail(err, BCO_EDATA, "no records");
    finish(&r, code);
    return code;
}

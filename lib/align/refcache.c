#include "align/mismatch.h"
#include "align/window.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"

#include <bco/refcache.h>
#include <math.h>
#include <string.h>

enum { BATCH_TOKENS = 4096, BATCHES_A_WINDOW = 8 };

/* A killed run loses what it computed since, a run that ends in peace nothing. */
static const double seconds_between_commits = 0.5;

struct run {
    const struct bco_refcache *cache;
    const struct bco_watch *watch;
    struct bco_refcache_counts *counts;
    struct bco_source source;
    struct bco_window window;
    struct bco_compute compute;
    uint32_t model;
    char ref_ids[2][BCO_REFERENCE_ID_SIZE]; /* of texts, of messages */
    struct bco_store_key *keys;             /* of a window's jobs */
    struct bco_reference *results;
    bool *found;
    size_t capacity;
    size_t waiting; /* results that the store does not have yet */
    double committed;
};

enum bco_code bco_refcache_limits(struct bco_limits *limits, const struct bco_model *model,
                                  const struct bco_tokenizer *tokenizer, struct bco_error *err) {
    size_t positions = bco_model_positions(model);
    if (limits->max_length == 0) limits->max_length = positions < 1024 ? positions : 1024;
    if (limits->max_prompt == 0) limits->max_prompt = limits->max_length / 2;
    if (limits->ids) limits->bos = limits->eos = false;
    if (tokenizer && bco_tokenizer_vocabulary(tokenizer) > bco_model_vocabulary(model))
        return bco_fail(err, BCO_EDATA, "the tokenizer has %zu ids, the model %zu: not this model's tokenizer",
                        bco_tokenizer_vocabulary(tokenizer), bco_model_vocabulary(model));
    return bco_limits_check(limits, tokenizer, positions, err);
}

/* ---- the store ------------------------------------------------------------------- */

static bool room_for_keys(struct run *r, size_t count) {
    size_t keys = r->capacity, results = keys, found = keys;
    if (!bco_grow((void **)&r->keys, &keys, count, sizeof *r->keys) ||
        !bco_grow((void **)&r->results, &results, count, sizeof *r->results) ||
        !bco_grow((void **)&r->found, &found, count, sizeof *r->found))
        return false;
    r->capacity = keys;
    return true;
}

static enum bco_code take_stored(struct run *r, struct bco_job *job, const struct bco_reference *result,
                                 struct bco_error *err) {
    size_t tokens = job->sequence.length - job->sequence.prompt_len;
    if (result->tokens != tokens)
        return bco_fail(err, BCO_EDATA, "damaged store: a result is of %llu tokens, its sequence has %zu",
                        (unsigned long long)result->tokens, tokens);
    job->result = *result;
    job->done = true;
    r->counts->stored++;
    return BCO_OK;
}

static enum bco_code ask_store(struct run *r, struct bco_error *err) {
    struct bco_window *w = &r->window;
    if (!r->cache->store || w->job_count == 0) return BCO_OK;
    if (!room_for_keys(r, w->job_count)) return bco_fail_memory(err);
    for (size_t i = 0; i < w->job_count; i++) r->keys[i] = w->jobs[i].key;
    enum bco_code code = bco_store_get(r->cache->store, w->job_count, r->keys, r->found, r->results, err);
    for (size_t i = 0; i < w->job_count && code == BCO_OK; i++)
        if (r->found[i]) code = take_stored(r, &w->jobs[i], &r->results[i], err);
    return code;
}

static enum bco_code commit(struct run *r, struct bco_error *err) {
    if (r->waiting == 0) return BCO_OK;
    enum bco_code code = bco_store_put(r->cache->store, r->waiting, r->keys, r->results, err);
    r->waiting = 0;
    r->committed = bco_clock();
    return code;
}

/* ---- computing -------------------------------------------------------------------- */

static enum bco_code compute_batch(struct run *r, const size_t *order, size_t count, size_t *taken,
                                   struct bco_error *err) {
    enum bco_code code = bco_window_compute(&r->window, &r->compute, order, count, taken, err);
    for (size_t i = 0; code == BCO_OK && i < *taken; i++) {
        const struct bco_job *job = &r->window.jobs[order[i]];
        r->counts->computed++;
        r->counts->tokens += job->sequence.length;
        if (!r->cache->store) continue;
        r->keys[r->waiting] = job->key;
        r->results[r->waiting++] = job->result;
    }
    return code;
}

static enum bco_code watch_run(const struct run *r, uint64_t done, struct bco_error *err) {
    const struct bco_watch *w = r->watch;
    if (w && w->progress) w->progress(w->user, r->counts->out + done, 0, "records");
    if (w && w->stop && w->stop(w->user)) return bco_fail(err, BCO_EINTERRUPTED, "interrupted");
    return BCO_OK;
}

static enum bco_code compute(struct run *r, const size_t *order, size_t count, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t done = 0, taken = 0; done < count && code == BCO_OK; done += taken) {
        code = watch_run(r, r->window.item_count * done / count, err);
        if (code == BCO_OK) code = compute_batch(r, order + done, count - done, &taken, err);
        if (code == BCO_OK && bco_clock() - r->committed >= seconds_between_commits) code = commit(r, err);
    }
    return code;
}

/* ---- writing ----------------------------------------------------------------------- */

/* Of the mismatched completions. Where none are wanted, those of an earlier run go: another reference's. */
static enum bco_code add_mismatched(const struct run *r, struct bco_record *record, size_t count,
                                    const struct bco_reference *const results[4], struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < count && code == BCO_OK; i++) {
        const char *name = bco_mismatch_names(count == 2, i)->ref_logp;
        code = r->window.run ? bco_record_set_number(record, name, results[2 + i]->logp, err)
                             : bco_record_remove(record, name, err);
    }
    return code;
}

static enum bco_code add_results(void *user, struct bco_record *record, uint64_t number, size_t count,
                                 const struct bco_reference *const results[4], struct bco_error *err) {
    static const char *const logp_names[2][2] = {{"ref_logp", ""}, {"ref_logp_chosen", "ref_logp_rejected"}};
    static const char *const token_names[2][2] = {{"ref_tokens", ""}, {"ref_tokens_chosen", "ref_tokens_rejected"}};
    const struct run *r = user;
    enum bco_code code = BCO_OK;
    size_t pair = count == 2;
    (void)number;
    for (size_t i = 0; i <= pair && code == BCO_OK; i++)
        code = bco_record_set_number(record, logp_names[pair][i], results[i]->logp, err);
    for (size_t i = 0; i <= pair && code == BCO_OK; i++)
        code = bco_record_set_number(record, token_names[pair][i], (double)results[i]->tokens, err);
    const char *ref_id = r->ref_ids[!r->cache->limits.ids && bco_record_kind(record, "prompt") == BCO_LIST];
    if (code == BCO_OK) code = bco_record_set_text(record, "ref_id", ref_id, strlen(ref_id), err);
    return code == BCO_OK ? add_mismatched(r, record, count, results, err) : code;
}

/* ---- the run ------------------------------------------------------------------------ */

static enum bco_code run_window(struct run *r, struct bco_error *err) {
    size_t *order = NULL, count = 0, before = r->window.item_count;
    enum bco_code code = ask_store(r, err);
    if (code == BCO_OK) code = bco_window_pending(&r->window, &order, &count, err);
    if (code == BCO_OK) code = compute(r, order, count, err);
    if (code == BCO_OK) code = commit(r, err);
    for (size_t i = 0; i < r->window.job_count; i++) r->counts->repeated += !r->window.jobs[i].done;
    if (code == BCO_OK) code = bco_window_write(&r->window, r->cache->writer, add_results, r, err);
    if (code == BCO_OK) r->counts->out += before;
    free(order);
    return code;
}

static void start(struct run *r) {
    const struct bco_refcache *c = r->cache;
    struct bco_reference_id id = {
        .weights = bco_model_fingerprint(c->model),
        .tokenizer = c->limits.ids ? 0 : bco_tokenizer_fingerprint(c->tokenizer),
        .limits = c->limits,
        .precision = bco_model_precision(c->model),
    };
    bco_reference_id_format(&id, r->ref_ids[0]);
    if (c->limits.chat) id.chat_template = bco_template_fingerprint(c->limits.chat);
    bco_reference_id_format(&id, r->ref_ids[1]);
    r->model = id.precision == BCO_PRECISION_BF16 ? ~id.weights : id.weights;
    r->compute.model = c->model;
    r->compute.batch_tokens = c->batch_tokens ? c->batch_tokens : BATCH_TOKENS;
    r->committed = bco_clock();
    r->window.run = c->kto_batch;
    r->source = (struct bco_source){
        .reader = c->reader,
        .rejects = c->rejects,
        .tokenizer = c->tokenizer,
        .vocabulary = bco_model_vocabulary(c->model),
        .limits = c->limits,
        .shard = c->shard,
        .shards = c->shards,
    };
}

static void finish(struct run *r) {
    r->counts->in = r->source.in;
    r->counts->rejected = r->source.rejected;
    r->counts->cuts = r->source.cuts;
    r->counts->same_prompts = r->window.same_prompts;
    bco_window_free(&r->window);
    bco_pack_free(&r->compute.pack);
    free(r->keys);
    free(r->results);
    free(r->found);
}

enum bco_code bco_refcache_run(const struct bco_refcache *cache, const struct bco_watch *watch,
                               struct bco_refcache_counts *counts, struct bco_error *err) {
    struct bco_refcache_counts own;
    struct run r = {.cache = cache, .watch = watch, .counts = counts ? counts : &own};
    enum bco_code code = BCO_OK;
    size_t tokens, records;
    *r.counts = (struct bco_refcache_counts){0};
    if (cache->kto_batch == 1)
        return bco_fail(err, BCO_EUSAGE, "runs of one record: KTO needs the completion of another one");
    start(&r);
    if (!bco_size_mul(r.compute.batch_tokens, BATCHES_A_WINDOW, &tokens)) tokens = r.compute.batch_tokens;
    do {
        code = bco_window_fill(&r.window, &r.source, tokens, r.model, err);
        records = r.window.item_count;
        if (code == BCO_OK) code = run_window(&r, err);
    } while (code == BCO_OK && records > 0);
    if (code == BCO_OK && r.source.seen == 0) code = bco_fail(err, BCO_EDATA, "no records");
    finish(&r);
    return code;
}

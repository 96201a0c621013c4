#include "align/window.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"

#include <math.h>
#include <string.h>

enum { MOST_RECORDS = 4096 };

void bco_window_clear(struct bco_window *w) {
    for (size_t i = 0; i < w->item_count; i++) free(w->items[i].json);
    for (size_t i = 0; i < w->job_count; i++) bco_sequence_free(&w->jobs[i].sequence);
    w->item_count = w->job_count = w->tokens = 0;
}

void bco_window_free(struct bco_window *w) {
    bco_window_clear(w);
    free(w->items);
    free(w->jobs);
    bco_buf_free(&w->text);
}

/* ---- filling -------------------------------------------------------------------- */

enum bco_code bco_window_add_job(struct bco_window *w, struct bco_sequence *sequence, uint64_t record, uint32_t model,
                                 struct bco_error *err) {
    if (!bco_grow((void **)&w->jobs, &w->job_capacity, w->job_count + 1, sizeof *w->jobs)) return bco_fail_memory(err);
    w->jobs[w->job_count] = (struct bco_job){
        .sequence = *sequence,
        .key = bco_store_key_of(model, sequence->ids, sequence->length, sequence->prompt_len),
        .record = record,
        .twin = w->job_count,
    };
    w->job_count++;
    w->tokens += sequence->length;
    *sequence = (struct bco_sequence){0};
    return BCO_OK;
}

static enum bco_code add_record(struct bco_window *w, const struct bco_record *record, struct bco_sequences *sequences,
                                uint64_t number, uint32_t model, struct bco_error *err) {
    bco_buf_clear(&w->text);
    bco_record_write(record, &w->text);
    if (w->text.failed || !bco_grow((void **)&w->items, &w->item_capacity, w->item_count + 1, sizeof *w->items))
        return bco_fail_memory(err);
    char *json = bco_strndup(w->text.data, w->text.length);
    if (!json) return bco_fail_memory(err);
    w->items[w->item_count++] = (struct bco_item){json, w->text.length, w->job_count, sequences->count};
    enum bco_code code = BCO_OK;
    for (size_t i = 0; code == BCO_OK && i < sequences->count; i++)
        code = bco_window_add_job(w, &sequences->items[i], number, model, err);
    return code;
}

static int by_key(const void *a, const void *b) {
    const struct bco_job *x = *(const struct bco_job *const *)a, *y = *(const struct bco_job *const *)b;
    if (x->key.high != y->key.high) return x->key.high < y->key.high ? -1 : 1;
    if (x->key.low != y->key.low) return x->key.low < y->key.low ? -1 : 1;
    return x < y ? -1 : x > y;
}

enum bco_code bco_window_find_twins(struct bco_window *w, struct bco_error *err) {
    struct bco_job **sorted = bco_malloc(w->job_count, sizeof *sorted);
    if (!sorted) return bco_fail_memory(err);
    for (size_t i = 0; i < w->job_count; i++) sorted[i] = &w->jobs[i];
    qsort(sorted, w->job_count, sizeof *sorted, by_key);
    for (size_t i = 1; i < w->job_count; i++)
        if (sorted[i]->key.high == sorted[i - 1]->key.high && sorted[i]->key.low == sorted[i - 1]->key.low)
            sorted[i]->twin = sorted[i - 1]->twin;
    free(sorted);
    return BCO_OK;
}

enum bco_code bco_window_fill(struct bco_window *w, struct bco_source *source, size_t tokens, uint32_t model,
                              struct bco_error *err) {
    enum bco_code code = BCO_OK;
    while (code == BCO_OK && w->item_count < MOST_RECORDS && w->tokens < tokens) {
        struct bco_record *record;
        struct bco_sample sample;
        struct bco_sequences sequences = {0};
        code = bco_source_next(source, &record, &sample, &sequences, err);
        if (code == BCO_OK && !record) break;
        if (code == BCO_OK) code = add_record(w, record, &sequences, source->in, model, err);
        bco_sequences_free(&sequences);
    }
    return code == BCO_OK ? bco_window_find_twins(w, err) : code;
}

/* ---- what is left to do ------------------------------------------------------------- */

static int by_length(const void *a, const void *b) {
    const struct bco_job *x = *(const struct bco_job *const *)a, *y = *(const struct bco_job *const *)b;
    if (x->sequence.length != y->sequence.length) return x->sequence.length > y->sequence.length ? -1 : 1;
    return x < y ? -1 : x > y;
}

enum bco_code bco_window_pending(const struct bco_window *w, size_t **order, size_t *count, struct bco_error *err) {
    const struct bco_job **pending = bco_malloc(w->job_count, sizeof *pending);
    *order = bco_malloc(w->job_count, sizeof **order);
    *count = 0;
    if (!pending || !*order) {
        free(pending);
        return bco_fail_memory(err);
    }
    for (size_t i = 0; i < w->job_count; i++)
        if (!w->jobs[i].done && w->jobs[i].twin == i) pending[(*count)++] = &w->jobs[i];
    qsort(pending, *count, sizeof *pending, by_length);
    for (size_t i = 0; i < *count; i++) (*order)[i] = (size_t)(pending[i] - w->jobs);
    free(pending);
    return BCO_OK;
}

/* ---- computing ------------------------------------------------------------------------ */

static enum bco_code pack_jobs(const struct bco_window *w, struct bco_compute *c, const size_t *order, size_t count,
                               struct bco_error *err) {
    bco_pack_clear(&c->pack);
    for (size_t i = 0; i < count; i++) {
        const struct bco_sequence *s = &w->jobs[order[i]].sequence;
        if (i > 0 && c->pack.tokens + s->length > c->batch_tokens) break;
        int32_t *ids = bco_pack_add(&c->pack, s->length, s->prompt_len);
        if (!ids) return bco_fail_memory(err);
        memcpy(ids, s->ids, s->length * sizeof *ids);
    }
    return BCO_OK;
}

static enum bco_code finish_job(struct bco_job *job, bool score, double value, struct bco_error *err) {
    if (!isfinite(value))
        return bco_fail(err, BCO_EDATA, "the model's %s of record %llu is no number", score ? "score" : "log-prob",
                        (unsigned long long)job->record);
    job->result = (struct bco_reference){value, job->sequence.length - job->sequence.prompt_len};
    job->done = true;
    return BCO_OK;
}

enum bco_code bco_window_compute(struct bco_window *w, struct bco_compute *c, const size_t *order, size_t count,
                                 size_t *taken, struct bco_error *err) {
    bool score = bco_model_is_classifier(c->model);
    enum bco_code code = pack_jobs(w, c, order, count, err);
    if (code) return code;
    struct bco_batch batch = bco_pack_batch(&c->pack);
    double *values = bco_malloc(batch.sequences, sizeof *values);
    if (!values) return bco_fail_memory(err);
    code = score ? bco_model_score(c->model, &batch, values, err) : bco_model_logp(c->model, &batch, values, NULL, err);
    for (size_t i = 0; i < batch.sequences && code == BCO_OK; i++)
        code = finish_job(&w->jobs[order[i]], score, values[i], err);
    *taken = batch.sequences;
    free(values);
    return code;
}

/* ---- writing -------------------------------------------------------------------------- */

static enum bco_code write_item(const struct bco_window *w, const struct bco_item *item, struct bco_writer *writer,
                                bco_window_add *add, void *user, struct bco_error *err) {
    struct bco_record *record = NULL;
    const struct bco_job *first = &w->jobs[item->first], *last = &w->jobs[item->first + item->count - 1];
    const struct bco_reference *const results[2] = {&w->jobs[first->twin].result, &w->jobs[last->twin].result};
    enum bco_code code = bco_record_parse(&record, item->json, item->length, err);
    if (code == BCO_OK) code = add(user, record, first->record, item->count, results, err);
    if (code == BCO_OK && writer) code = bco_writer_record(writer, record, err);
    bco_record_free(record);
    return code;
}

enum bco_code bco_window_write(struct bco_window *w, struct bco_writer *writer, bco_window_add *add, void *user,
                               struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < w->item_count && code == BCO_OK; i++)
        code = write_item(w, &w->items[i], writer, add, user, err);
    bco_window_clear(w);
    return code;
}

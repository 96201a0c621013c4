#include "align/window.h"

#include "align/mismatch.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/record.h"

#include <math.h>
#include <string.h>

enum { MOST_RECORDS = 4096 };

void bco_window_clear(struct bco_window *w) {
    if (w->run && w->item_count > 0) {
        free(w->last.json);
        w->last = w->items[--w->item_count];
    }
    for (size_t i = 0; i < w->item_count; i++) free(w->items[i].json);
    for (size_t i = 0; i < w->job_count; i++) bco_sequence_free(&w->jobs[i].sequence);
    w->item_count = w->job_count = w->tokens = 0;
}

void bco_window_free(struct bco_window *w) {
    bco_window_clear(w);
    free(w->last.json);
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

static enum bco_code add_jobs(struct bco_window *w, struct bco_sequences *sequences, uint64_t record, uint32_t model,
                              struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < sequences->count && code == BCO_OK; i++)
        code = bco_window_add_job(w, &sequences->items[i], record, model, err);
    return code;
}

/* The record's text with the name of its file behind it, in a piece of memory of its own. */
static enum bco_code keep_text(struct bco_window *w, const struct bco_record *record, struct bco_item *item,
                               struct bco_error *err) {
    const char *file = bco_record_file(record);
    bco_buf_clear(&w->text);
    bco_record_write(record, &w->text);
    item->length = w->text.length;
    bco_buf_add(&w->text, "", 1);
    bco_buf_add(&w->text, file, strlen(file));
    item->line = bco_record_line(record);
    item->json = w->text.failed ? NULL : bco_strndup(w->text.data, w->text.length);
    return item->json ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code add_record(struct bco_window *w, const struct bco_record *record, struct bco_sequences *sequences,
                                uint64_t number, uint32_t model, struct bco_error *err) {
    struct bco_item item = {.first = w->job_count, .count = sequences->count};
    if (!bco_grow((void **)&w->items, &w->item_capacity, w->item_count + 1, sizeof *w->items))
        return bco_fail_memory(err);
    enum bco_code code = keep_text(w, record, &item, err);
    if (code != BCO_OK) return code;
    w->items[w->item_count++] = item;
    return add_jobs(w, sequences, number, model, err);
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

/* ---- mismatched completions ------------------------------------------------------- */

static enum bco_code parse_item(const struct bco_item *item, struct bco_record **record, struct bco_error *err) {
    enum bco_code code = bco_record_parse(record, item->json, item->length, err);
    if (code != BCO_OK) return code;
    (*record)->file = item->json + item->length + 1;
    (*record)->line = item->line;
    return BCO_OK;
}

static bool same_prompt(const struct bco_record *a, const struct bco_record *b, bool ids) {
    const char *name = ids ? "prompt_ids" : "prompt";
    size_t length, other_length;
    char *text = bco_record_canonical(a, name, &length), *other = bco_record_canonical(b, name, &other_length);
    bool same = text && other && length == other_length && memcmp(text, other, length) == 0;
    free(text);
    free(other);
    return same;
}

/* The one before it in the run, of the first the last; of one that is alone in its run the one before that. */
static const struct bco_item *giver_of(const struct bco_window *w, size_t i) {
    size_t start = i - i % w->run, end = w->item_count - start < w->run ? w->item_count : start + w->run;
    if (i > start) return &w->items[i - 1];
    if (end - start > 1) return &w->items[end - 1];
    return start > 0 ? &w->items[start - 1] : &w->last;
}

/* *item becomes what it is with the jobs of its mismatched completions. */
static enum bco_code mismatch_record(struct bco_window *w, const struct bco_source *source, struct bco_record *record,
                                     uint32_t model, struct bco_item *item, struct bco_error *err) {
    const struct bco_sample_options options = {.ids = source->limits.ids};
    struct bco_sample sample;
    struct bco_sequences sequences = {0};
    enum bco_code code = bco_record_sample(record, &options, &sample, err);
    if (code == BCO_OK)
        code = bco_mismatch_sequences(source->tokenizer, &source->limits, source->vocabulary, record, &sample,
                                      &sequences, err);
    item->mismatched = w->job_count;
    if (code == BCO_OK) code = add_jobs(w, &sequences, w->jobs[item->first].record, model, err);
    if (code == BCO_OK) code = keep_text(w, record, item, err);
    bco_sequences_free(&sequences);
    return code;
}

static enum bco_code add_mismatch(struct bco_window *w, const struct bco_source *source, size_t i, uint32_t model,
                                  struct bco_error *err) {
    const struct bco_item *from = giver_of(w, i);
    struct bco_item whole = w->items[i];
    struct bco_record *record = NULL, *giver = NULL;
    if (!from->json) return bco_fail(err, BCO_EDATA, "a single record: KTO needs the completion of another one");
    enum bco_code code = parse_item(&w->items[i], &record, err);
    if (code == BCO_OK) code = parse_item(from, &giver, err);
    if (code == BCO_OK) code = bco_mismatch_add(record, giver, source->limits.ids, err);
    if (code == BCO_OK) w->same_prompts += same_prompt(record, giver, source->limits.ids);
    if (code == BCO_OK) code = mismatch_record(w, source, record, model, &whole, err);
    bco_record_free(record);
    bco_record_free(giver);
    if (code != BCO_OK) return code;
    free(w->items[i].json);
    w->items[i] = whole;
    return BCO_OK;
}

/* ---- reading ahead ------------------------------------------------------------------ */

static bool is_full(const struct bco_window *w, size_t tokens) {
    if (w->item_count < MOST_RECORDS && w->tokens < tokens) return false;
    return w->run == 0 || w->item_count % w->run == 0;
}

enum bco_code bco_window_fill(struct bco_window *w, struct bco_source *source, size_t tokens, uint32_t model,
                              struct bco_error *err) {
    enum bco_code code = BCO_OK;
    while (code == BCO_OK && !is_full(w, tokens)) {
        struct bco_record *record;
        struct bco_sample sample;
        struct bco_sequences sequences = {0};
        code = bco_source_next(source, &record, &sample, &sequences, err);
        if (code == BCO_OK && !record) break;
        if (code == BCO_OK) code = add_record(w, record, &sequences, source->in, model, err);
        bco_sequences_free(&sequences);
    }
    for (size_t i = 0; i < w->item_count && w->run && code == BCO_OK; i++)
        code = add_mismatch(w, source, i, model, err);
    return code == BCO_OK ? bco_window_find_twins(w, err) : code;
}

/* ---- what is left to do ------------------------------------------------------------- */

/* A job among those with its prompt. */
struct pending {
    const struct bco_job *job;
    struct bco_hash prompt;
    const struct bco_job *longest; /* of the prompt's jobs; of equal ones the first */
};

/* The longest first, then as they were read. */
static int by_length(const struct bco_job *x, const struct bco_job *y) {
    if (x->sequence.length != y->sequence.length) return x->sequence.length > y->sequence.length ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int by_prompt(const void *a, const void *b) {
    const struct pending *x = a, *y = b;
    if (x->prompt.high != y->prompt.high) return x->prompt.high < y->prompt.high ? -1 : 1;
    if (x->prompt.low != y->prompt.low) return x->prompt.low < y->prompt.low ? -1 : 1;
    return by_length(x->job, y->job);
}

static int by_longest(const void *a, const void *b) {
    const struct pending *x = a, *y = b;
    return x->longest != y->longest ? by_length(x->longest, y->longest) : by_length(x->job, y->job);
}

/* Jobs of one prompt stand together, at the place of the longest of them. */
static void sort_pending(struct pending *pending, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct bco_sequence *s = &pending[i].job->sequence;
        pending[i].prompt = bco_hash_bytes(s->ids, s->prompt_len * sizeof *s->ids, 0);
    }
    qsort(pending, count, sizeof *pending, by_prompt);
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || !bco_hash_equal(pending[i].prompt, pending[i - 1].prompt);
        pending[i].longest = first ? pending[i].job : pending[i - 1].longest;
    }
    qsort(pending, count, sizeof *pending, by_longest);
}

enum bco_code bco_window_pending(const struct bco_window *w, size_t **order, size_t *count, struct bco_error *err) {
    struct pending *pending = bco_malloc(w->job_count, sizeof *pending);
    *order = bco_malloc(w->job_count, sizeof **order);
    *count = 0;
    if (!pending || !*order) {
        free(pending);
        return bco_fail_memory(err);
    }
    for (size_t i = 0; i < w->job_count; i++)
        if (!w->jobs[i].done && w->jobs[i].twin == i) pending[(*count)++].job = &w->jobs[i];
    sort_pending(pending, *count);
    for (size_t i = 0; i < *count; i++) (*order)[i] = (size_t)(pending[i].job - w->jobs);
    free(pending);
    return BCO_OK;
}

/* ---- computing ------------------------------------------------------------------------ */

static enum bco_code pack_jobs(const struct bco_window *w, struct bco_compute *c, const size_t *order, size_t count,
                               struct bco_error *err) {
    bco_pack_clear(&c->pack);
    for (size_t i = 0; i < count; i++) {
        const struct bco_sequence *s = &w->jobs[order[i]].sequence;
        size_t rows = c->pack.rows;
        int32_t *ids = bco_pack_add(&c->pack, s->length, s->prompt_len);
        if (!ids) return bco_fail_memory(err);
        memcpy(ids, s->ids, s->length * sizeof *ids);
        bco_pack_share(&c->pack);
        if (i == 0 || c->pack.rows <= c->batch_tokens) continue;
        bco_pack_cut(&c->pack, i, rows);
        break;
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
    const struct bco_reference *results[4] = {&w->jobs[first->twin].result, &w->jobs[last->twin].result};
    for (size_t i = 0; i < item->count && w->run; i++)
        results[2 + i] = &w->jobs[w->jobs[item->mismatched + i].twin].result;
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

#include <bco/udm.h>

#include "align/pack.h"
#include "align/ridge.h"
#include "align/source.h"
#include "align/tally.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sigmoid.h"
#include "data/record.h"
#include "stream/spool.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

enum { BATCH_TOKENS = 4096, PARTS = 5 };

/* Before a record's text in the spool. */
struct header {
    uint64_t length;
    double weight;
    uint32_t row;
    uint32_t up;
};

struct run {
    const struct bco_udm *udm;
    const struct bco_watch *watch;
    struct bco_udm_counts *counts;
    struct bco_source source; /* for its rejects */
    struct bco_spool *spool;
    struct bco_buf text;
    struct bco_pack pack; /* the prompts of the last rows, still without their embeddings */

    /* A row is a prompt. */
    size_t rows, terms; /* terms 0: not known yet */
    double *x, *up, *down;
    struct bco_hash *hash;
    size_t x_capacity, up_capacity, down_capacity, hash_capacity;
    uint32_t *table; /* [slots] rows + 1 by their hash, or 0 */
    size_t slots;
};

/* ---- rows -------------------------------------------------------------------------- */

static void enter(struct run *r, size_t row) {
    size_t at = r->hash[row].low & (r->slots - 1);
    while (r->table[at]) at = (at + 1) & (r->slots - 1);
    r->table[at] = (uint32_t)row + 1;
}

static bool grow_table(struct run *r) {
    size_t slots = r->slots ? r->slots * 2 : 1024;
    uint32_t *table = bco_calloc(slots, sizeof *table);
    if (!table) return false;
    free(r->table);
    r->table = table;
    r->slots = slots;
    for (size_t i = 0; i < r->rows; i++) enter(r, i);
    return true;
}

/* The row of what is in `bytes`; *is_new: its embedding is to come. */
static enum bco_code find_row(struct run *r, const void *bytes, size_t length, uint32_t *row, bool *is_new,
                              struct bco_error *err) {
    struct bco_hash hash = bco_hash_bytes(bytes, length, 0);
    size_t numbers;
    if (r->rows * 2 >= r->slots && !grow_table(r)) return bco_fail_memory(err);
    size_t at = hash.low & (r->slots - 1);
    *is_new = false;
    for (; r->table[at]; at = (at + 1) & (r->slots - 1)) {
        *row = r->table[at] - 1;
        if (bco_hash_equal(r->hash[*row], hash)) return BCO_OK;
    }
    if (r->rows == UINT32_MAX - 1 || !bco_size_mul(r->rows + 1, r->terms, &numbers) ||
        !bco_grow((void **)&r->hash, &r->hash_capacity, r->rows + 1, sizeof *r->hash) ||
        !bco_grow((void **)&r->up, &r->up_capacity, r->rows + 1, sizeof *r->up) ||
        !bco_grow((void **)&r->down, &r->down_capacity, r->rows + 1, sizeof *r->down) ||
        !bco_grow((void **)&r->x, &r->x_capacity, numbers, sizeof *r->x))
        return bco_fail_memory(err);
    *is_new = true;
    *row = (uint32_t)r->rows;
    r->hash[r->rows] = hash;
    r->up[r->rows] = r->down[r->rows] = 0;
    enter(r, r->rows++);
    return BCO_OK;
}

/* ---- embeddings ----------------------------------------------------------------------- */

static enum bco_code embed_waiting(struct run *r, struct bco_error *err) {
    struct bco_batch batch = bco_pack_batch(&r->pack);
    if (r->pack.count == 0) return BCO_OK;
    double *to = r->x + (r->rows - r->pack.count) * r->terms;
    enum bco_code code = bco_model_embed(r->udm->model, &batch, to, err);
    for (size_t i = 0; i < r->pack.count * r->terms && code == BCO_OK; i++)
        if (!isfinite(to[i])) code = bco_fail(err, BCO_EDATA, "the model's embedding of a prompt is no number");
    r->counts->tokens += r->pack.tokens;
    bco_pack_clear(&r->pack);
    return code;
}

static enum bco_code take_prompt(struct run *r, const struct bco_record *record, const struct bco_sample *sample,
                                 uint32_t *row, struct bco_error *err) {
    struct bco_sequences sequences = {0};
    bool is_new = false;
    size_t most = r->udm->batch_tokens ? r->udm->batch_tokens : BATCH_TOKENS;
    enum bco_code code = bco_sequences_of_record(r->udm->tokenizer, &r->udm->limits, r->source.vocabulary, record,
                                                 sample, &sequences, &r->counts->cuts, err);
    if (code != BCO_OK) return code;
    const struct bco_sequence *s = &sequences.items[0];
    if (r->pack.tokens + s->prompt_len > most) code = embed_waiting(r, err);
    if (code == BCO_OK) code = find_row(r, s->ids, s->prompt_len * sizeof *s->ids, row, &is_new, err);
    if (code == BCO_OK && is_new) {
        int32_t *ids = bco_pack_add(&r->pack, s->prompt_len, s->prompt_len);
        if (ids) memcpy(ids, s->ids, s->prompt_len * sizeof *ids);
        if (!ids) code = bco_fail_memory(err);
    }
    bco_sequences_free(&sequences);
    return code;
}

static enum bco_code copy_numbers(const struct run *r, const struct bco_record *record, yyjson_val *list, double *to,
                                  struct bco_error *err) {
    const char *field = r->udm->embedding;
    size_t count = yyjson_arr_size(list), i, n;
    yyjson_val *value;
    if (count == 0) return bco_record_fail(record, field, err, "is not a list of numbers");
    if (count != r->terms)
        return bco_record_fail(record, field, err, "has %zu numbers, expected %zu as in the records before", count,
                               r->terms);
    yyjson_arr_foreach(list, i, n, value) {
        if (!yyjson_is_num(value) || !isfinite(yyjson_get_num(value)))
            return bco_record_fail(record, field, err, "item %zu is not a finite number", i + 1);
        to[i] = yyjson_get_num(value) + 0.0; /* -0 is 0 */
    }
    return BCO_OK;
}

static enum bco_code take_field(struct run *r, const struct bco_record *record, uint32_t *row, struct bco_error *err) {
    size_t length, known = r->terms;
    bool is_new;
    if (bco_record_kind(record, r->udm->embedding) == BCO_MISSING)
        return bco_record_missing(record, r->udm->embedding, err);
    char *json = bco_record_json(record, r->udm->embedding, &length);
    if (!json) return bco_fail_memory(err);
    yyjson_doc *doc = yyjson_read(json, length, 0);
    yyjson_val *list = yyjson_doc_get_root(doc);
    if (known == 0) r->terms = yyjson_arr_size(list);
    double *x = bco_malloc(r->terms, sizeof *x);
    enum bco_code code = x ? copy_numbers(r, record, list, x, err) : bco_fail_memory(err);
    if (code == BCO_OK) code = find_row(r, x, r->terms * sizeof *x, row, &is_new, err);
    if (code == BCO_OK && is_new) memcpy(r->x + *row * r->terms, x, r->terms * sizeof *x);
    if (code != BCO_OK) r->terms = known;
    free(x);
    yyjson_doc_free(doc);
    free(json);
    return code;
}

/* ---- reading ---------------------------------------------------------------------------- */

static enum bco_code keep(struct run *r, const struct bco_record *record, const struct bco_sample *sample, uint32_t row,
                          struct bco_error *err) {
    struct header h = {.weight = sample->weight, .row = row, .up = sample->label};
    bco_buf_clear(&r->text);
    bco_record_write(record, &r->text);
    if (r->text.failed) return bco_fail_memory(err);
    h.length = r->text.length;
    *(h.up ? &r->counts->up : &r->counts->down) += 1;
    (h.up ? r->up : r->down)[row] += h.weight;
    enum bco_code code = bco_spool_add(r->spool, &h, sizeof h, err);
    return code == BCO_OK ? bco_spool_add(r->spool, r->text.data, r->text.length, err) : code;
}

static enum bco_code take(struct run *r, const struct bco_record *record, struct bco_sample *sample, uint32_t *row,
                          struct bco_error *err) {
    struct bco_sample_options options = {.need_label = true, .ids = r->udm->limits.ids};
    enum bco_code code = bco_record_sample(record, &options, sample, err);
    if (code != BCO_OK) return code;
    if (sample->is_pair)
        return bco_record_fail(record, NULL, err,
                               "is a pair: the prompts of chosen and rejected completions are the same ones");
    return r->udm->embedding ? take_field(r, record, row, err) : take_prompt(r, record, sample, row, err);
}

static enum bco_code watch_run(const struct run *r, const char *what, uint64_t done, uint64_t all,
                               struct bco_error *err) {
    const struct bco_watch *w = r->watch;
    if (w && w->progress) w->progress(w->user, done, all, what);
    if (w && w->stop && w->stop(w->user)) return bco_fail(err, BCO_EINTERRUPTED, "interrupted");
    return BCO_OK;
}

static enum bco_code read_all(struct run *r, struct bco_error *err) {
    for (;;) {
        struct bco_record *record;
        struct bco_sample sample;
        uint32_t row = 0;
        enum bco_code code = watch_run(r, "records", r->counts->in, 0, err);
        if (code != BCO_OK) return code;
        code = bco_reader_next(r->udm->reader, &record, err);
        if (code == BCO_OK && !record) return embed_waiting(r, err);
        r->counts->in++;
        if (code == BCO_OK) code = take(r, record, &sample, &row, err);
        if (code == BCO_OK) {
            code = keep(r, record, &sample, row, err);
            if (code != BCO_OK) return code;
        } else if ((code = bco_source_reject(&r->source, code, err)) != BCO_OK) {
            return code;
        }
    }
}

/* ---- the regression ------------------------------------------------------------------------- */

static double sum(const double *x, size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; i++) total += x[i];
    return total;
}

/* A shift of all rows changes the intercept alone, and the numbers are easier. */
static void centre(struct run *r) {
    for (size_t j = 0; j < r->terms; j++) {
        double mean = 0;
        for (size_t i = 0; i < r->rows; i++) mean += (r->x[i * r->terms + j] - mean) / (double)(i + 1);
        for (size_t i = 0; i < r->rows; i++) r->x[i * r->terms + j] -= mean;
    }
}

/* Weights of rows that are not in part `part` (PARTS: of all), balanced. False: a class is missing. */
static bool balance(const struct run *r, size_t part, double *up, double *down) {
    for (size_t i = 0; i < r->rows; i++) {
        bool in = i % PARTS != part;
        up[i] = in ? r->up[i] : 0;
        down[i] = in ? r->down[i] : 0;
    }
    double ups = sum(up, r->rows), downs = sum(down, r->rows);
    if (!(ups > 0) || !(downs > 0)) return false;
    for (size_t i = 0; i < r->rows; i++) {
        up[i] *= (ups + downs) / (2 * ups);
        down[i] *= (ups + downs) / (2 * downs);
    }
    return true;
}

static double auc_of_part(const struct run *r, const struct bco_ridge *fit, const double *w, size_t part,
                          struct bco_scored *scored) {
    size_t count = 0;
    for (size_t i = part; i < r->rows; i += PARTS) {
        double logit = bco_ridge_logit(fit, w, i);
        if (r->up[i] > 0) scored[count++] = bco_scored_of(logit, r->up[i], true);
        if (r->down[i] > 0) scored[count++] = bco_scored_of(logit, r->down[i], false);
    }
    return count ? bco_auc(scored, count) : NAN;
}

/* Each part of the prompts by a regression that has not seen it: on its own prompts any regression looks good. */
static enum bco_code cross_validate(struct run *r, struct bco_ridge *fit, double *up, double *down, double *w,
                                    struct bco_scored *scored, struct bco_error *err) {
    double total = 0, ups = 0, downs = 0;
    for (size_t part = 0; part < PARTS; part++) {
        enum bco_code code = watch_run(r, "parts", part, PARTS, err);
        bool both = balance(r, part, up, down);
        if (code == BCO_OK && both) code = bco_ridge_fit(fit, w, err);
        if (code != BCO_OK) return code;
        total += both ? auc_of_part(r, fit, w, part, scored) : NAN;
    }
    for (size_t i = 0; i < r->rows; i++) {
        ups += r->up[i] > 0;
        downs += r->down[i] > 0;
    }
    r->counts->auc = total / PARTS;
    r->counts->chance = sqrt((ups + downs + 1) / (12 * ups * downs)); /* of Mann and Whitney's statistic */
    return BCO_OK;
}

static enum bco_code write_record(struct run *r, const struct header *h, const char *json, double logit,
                                  struct bco_error *err) {
    const struct bco_udm *u = r->udm;
    struct bco_udm_counts *n = r->counts;
    struct bco_record *record = NULL;
    double odds = exp(logit), weight = fmin(fmax(odds, u->low), u->high);
    enum bco_code code = bco_record_parse(&record, json, h->length, err);
    if (code == BCO_OK && !h->up) {
        n->clipped += weight != odds;
        n->least = fmin(n->least, weight);
        n->greatest = fmax(n->greatest, weight);
        code = bco_record_set_number(record, "weight", h->weight * weight, err);
    }
    if (code == BCO_OK) code = bco_writer_record(u->writer, record, err);
    if (code == BCO_OK) n->out++;
    bco_record_free(record);
    return code;
}

static enum bco_code write_all(struct run *r, const struct bco_ridge *fit, const double *w, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    struct header h;
    r->counts->least = INFINITY;
    r->counts->greatest = 0;
    for (uint64_t at = 0; at < bco_spool_size(r->spool) && code == BCO_OK; at += h.length) {
        code = bco_spool_read(r->spool, at, &h, sizeof h, err);
        at += sizeof h;
        bco_buf_clear(&r->text);
        char *json = code == BCO_OK ? bco_buf_reserve(&r->text, h.length) : NULL;
        if (code == BCO_OK && !json) code = bco_fail_memory(err);
        if (code == BCO_OK) code = bco_spool_read(r->spool, at, json, h.length, err);
        if (code == BCO_OK) code = write_record(r, &h, json, bco_ridge_logit(fit, w, h.row), err);
    }
    return code;
}

static enum bco_code weigh(struct run *r, struct bco_error *err) {
    double *up = bco_calloc(r->rows, sizeof *up), *down = bco_calloc(r->rows, sizeof *down),
           *w = bco_calloc(r->terms + 1, sizeof *w);
    struct bco_scored *scored = bco_calloc(r->rows * 2, sizeof *scored);
    struct bco_ridge fit = {r->rows, r->terms, r->x, up, down, r->udm->ridge};
    enum bco_code code = up && down && w && scored ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK && (!(sum(r->up, r->rows) > 0) || !(sum(r->down, r->rows) > 0)))
        code = bco_fail(err, BCO_EDATA, "no %s records with a weight: there is nothing to tell apart",
                        sum(r->up, r->rows) > 0 ? "down" : "up");
    if (code == BCO_OK) {
        centre(r);
        code = cross_validate(r, &fit, up, down, w, scored, err);
    }
    if (code == BCO_OK) {
        balance(r, PARTS, up, down);
        code = bco_ridge_fit(&fit, w, err);
    }
    if (code == BCO_OK) code = write_all(r, &fit, w, err);
    free(up);
    free(down);
    free(w);
    free(scored);
    return code;
}

/* ---- the run ---------------------------------------------------------------------------------- */

static void finish(struct run *r) {
    r->counts->rejected = r->source.rejected;
    r->counts->prompts = r->rows;
    bco_spool_close(r->spool);
    bco_buf_free(&r->text);
    bco_pack_free(&r->pack);
    free(r->x);
    free(r->up);
    free(r->down);
    free(r->hash);
    free(r->table);
}

bool bco_udm_is_needed(const struct bco_udm_counts *counts) {
    return counts->auc > 0.5 + 2 * counts->chance;
}

enum bco_code bco_udm_run(const struct bco_udm *udm, const struct bco_watch *watch, struct bco_udm_counts *counts,
                          struct bco_error *err) {
    struct bco_udm_counts own;
    struct run r = {.udm = udm, .watch = watch, .counts = counts ? counts : &own};
    *r.counts = (struct bco_udm_counts){.auc = NAN};
    if ((!udm->model && !udm->embedding) || !(udm->low > 0) || !(udm->high >= udm->low) || !(udm->ridge > 0))
        return bco_fail(err, BCO_EUSAGE, "UDM needs a model or a field, 0 < low <= high, and a ridge above 0");
    r.source = (struct bco_source){.reader = udm->reader, .rejects = udm->rejects};
    if (udm->model) r.source.vocabulary = bco_model_vocabulary(udm->model);
    if (!udm->embedding) r.terms = bco_model_channels(udm->model);
    enum bco_code code = bco_spool_open(&r.spool, udm->folder ? udm->folder : "/tmp", err);
    if (code == BCO_OK) code = read_all(&r, err);
    if (code == BCO_OK && r.counts->in == 0) code = bco_fail(err, BCO_EDATA, "no records");
    if (code == BCO_OK) code = weigh(&r, err);
    finish(&r);
    return code;
}

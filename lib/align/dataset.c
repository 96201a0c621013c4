#include "align/dataset.h"

#include "align/mismatch.h"
#include "align/source.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "nn/model.h"
#include "stream/spool.h"

#include <bco/refcache.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = UINT16_MAX, NAME_SIZE = 256 };

struct bco_dataset {
    struct bco_dataset_options options;
    const struct bco_watch *watch; /* while reading */
    struct bco_source source;
    struct bco_spool *spool;
    struct bco_hasher *hasher;
    struct bco_entry *entries;
    size_t count, capacity;
    char **files;
    size_t file_count, file_capacity;
    struct bco_reference_id expected; /* of every ref_id */
    uint32_t policy, base;            /* the model's fingerprints, with its adapter and without */
    enum bco_precision precision;     /* the model's */
    bool references;                  /* are needed: not for sft, nor for a classifier */
    bool has_id;
    bool some_without_id;
    struct bco_dataset_counts counts;
};

/* ---- what a record says of its reference --------------------------------------------- */

static enum bco_code check_number(const struct bco_record *record, const char *field, const char *adder,
                                  struct bco_error *err) {
    double value;
    size_t length;
    if (bco_record_kind(record, field) == BCO_MISSING)
        return bco_record_fail(record, field, err, "is missing: %s adds it", adder);
    if (bco_record_number(record, field, &value) && isfinite(value)) return BCO_OK;
    char *got = bco_record_json(record, field, &length);
    enum bco_code code =
        bco_record_fail(record, field, err, "is not a finite number, got '%.64s'", got ? got : "something else");
    free(got);
    return code;
}

/* The first ref_id says what all of them must be, but where options say it. The reference is the model as it was read,
 * or that without its adapter. */
static void expect(struct bco_dataset *d, const struct bco_reference_id *id) {
    const struct bco_dataset_options *o = &d->options;
    const struct bco_limits *given = &o->limits;
    struct bco_limits limits = id->limits;
    if (o->max_length_given) limits.max_length = given->max_length;
    if (o->max_prompt_given) limits.max_prompt = given->max_prompt;
    if (o->overlong_given) limits.overlong = given->overlong;
    if (o->bos_given) limits.bos = given->bos;
    if (o->eos_given) limits.eos = given->eos;
    limits.ids = given->ids;
    limits.chat = given->chat;
    limits.chat_options = given->chat_options;
    limits.strict_template = given->strict_template;
    d->expected.limits = limits;
    d->source.limits = limits;
    if (id->weights == d->base) d->expected.weights = d->base;
    if (o->allow_mixed) d->expected.precision = id->precision;
    d->has_id = true;
}

static enum bco_code check_id(struct bco_dataset *d, const struct bco_record *record, const struct bco_sample *sample,
                              struct bco_error *err) {
    const struct bco_template *chat = d->options.limits.chat;
    struct bco_reference_id id;
    const char *text;
    size_t length;
    char words[512];
    if (bco_record_kind(record, "ref_id") == BCO_MISSING) {
        d->some_without_id = true;
        return BCO_OK;
    }
    if (!bco_record_text(record, "ref_id", &text, &length) || !bco_reference_id_parse(&id, text, length))
        return bco_record_fail(record, "ref_id", err, "is none that this bco-refcache writes");
    if (!d->has_id) expect(d, &id);
    d->expected.chat_template = sample->prompt.messages && chat ? bco_template_fingerprint(chat) : 0;
    if (!bco_reference_id_differs(&id, &d->expected, words, sizeof words)) return BCO_OK;
    d->source.fatal = true;
    return bco_record_fail(record, "ref_id", err, "made with other settings: %s", words);
}

static enum bco_code look(void *user, const struct bco_record *record, const struct bco_sample *sample, bool *skip,
                          struct bco_error *err) {
    struct bco_dataset *d = user;
    if (d->options.loss == BCO_LOSS_SFT) {
        *skip = !sample->is_pair && sample->has_label && !sample->label;
        d->counts.skipped += *skip;
        return BCO_OK;
    }
    if (bco_loss_is_paired(d->options.loss) && !sample->is_pair)
        return bco_record_fail(record, d->options.limits.ids ? "chosen_ids" : "chosen", err,
                               "is missing: the loss %s learns from pairs, and this record is none",
                               bco_loss_name(d->options.loss));
    if (!d->references) return BCO_OK;
    enum bco_code code = check_number(record, sample->is_pair ? "ref_logp_chosen" : "ref_logp", "bco-refcache", err);
    if (code == BCO_OK && sample->is_pair) code = check_number(record, "ref_logp_rejected", "bco-refcache", err);
    for (size_t i = 0; i <= (size_t)sample->is_pair && d->options.loss == BCO_LOSS_KTO && code == BCO_OK; i++)
        code = check_number(record, bco_mismatch_names(sample->is_pair, i)->ref_logp, "bco-refcache --kto", err);
    return code == BCO_OK ? check_id(d, record, sample, err) : code;
}

/* ---- taking records in ------------------------------------------------------------------ */

static bool file_index(struct bco_dataset *d, const char *file, uint16_t *index) {
    if (d->file_count == 0 || strcmp(d->files[d->file_count - 1], file) != 0) {
        char *copy = d->file_count < MOST_FILES ? bco_strndup(file, strlen(file)) : NULL;
        if (!copy || !bco_grow((void **)&d->files, &d->file_capacity, d->file_count + 1, sizeof *d->files)) {
            free(copy);
            return false;
        }
        d->files[d->file_count++] = copy;
    }
    *index = (uint16_t)(d->file_count - 1);
    return true;
}

/* The record's id, a text or a number, cut where it is long. */
static size_t record_name(const struct bco_record *record, char name[NAME_SIZE]) {
    const char *text;
    size_t length;
    if (!bco_record_text(record, "id", &text, &length) && !bco_record_number_text(record, "id", &text, &length))
        return 0;
    if (length > NAME_SIZE) length = NAME_SIZE;
    memcpy(name, text, length);
    return length;
}

static enum bco_code check_tokens(const struct bco_record *record, const char *field,
                                  const struct bco_sequence *sequence, struct bco_error *err) {
    double tokens, have = (double)(sequence->length - sequence->prompt_len);
    if (bco_record_number(record, field, &tokens) && tokens != have)
        return bco_record_fail(record, field, err, "the completion has %.0f tokens here, got '%g'", have, tokens);
    return BCO_OK;
}

static enum bco_code spool_entry(struct bco_dataset *d, struct bco_entry *e, const struct bco_record *record,
                                 const int32_t *ids, struct bco_error *err) {
    char name[NAME_SIZE];
    double numbers[] = {e->ref_logp, e->weight};
    e->offset = bco_spool_size(d->spool);
    e->name_length = (uint16_t)record_name(record, name);
    bco_hasher_add_u64(d->hasher, (uint64_t)e->length << 32 | e->prompt_len);
    bco_hasher_add_u64(d->hasher, (uint64_t)e->up << 1 | e->second);
    bco_hasher_add(d->hasher, numbers, sizeof numbers);
    bco_hasher_add(d->hasher, ids, e->length * sizeof *ids);
    enum bco_code code = bco_spool_add(d->spool, ids, e->length * sizeof *ids, err);
    return code == BCO_OK ? bco_spool_add(d->spool, name, e->name_length, err) : code;
}

/* Behind the entry, so that nothing of it stays in memory. */
static enum bco_code spool_mismatch(struct bco_dataset *d, const struct bco_record *record, const char *ref_logp,
                                    const struct bco_sequence *sequence, struct bco_error *err) {
    struct bco_mismatch m = {.length = (uint32_t)sequence->length, .prompt_len = (uint32_t)sequence->prompt_len};
    size_t bytes = sequence->length * sizeof *sequence->ids;
    bco_record_number(record, ref_logp, &m.ref_logp);
    if (sequence->length > UINT32_MAX) return bco_record_fail(record, NULL, err, "has too many tokens");
    bco_hasher_add(d->hasher, &m, sizeof m);
    bco_hasher_add(d->hasher, sequence->ids, bytes);
    enum bco_code code = bco_spool_add(d->spool, &m, sizeof m, err);
    return code == BCO_OK ? bco_spool_add(d->spool, sequence->ids, bytes, err) : code;
}

static enum bco_code add_entry(struct bco_dataset *d, const struct bco_record *record, const struct bco_sample *sample,
                               const struct bco_sequence *sequence, bool second, struct bco_error *err) {
    struct bco_entry e = {.weight = sample->weight, .line = bco_record_line(record), .second = second};
    e.up = sample->is_pair ? !second : sample->has_label ? sample->label : true;
    e.length = (uint32_t)sequence->length;
    e.prompt_len = (uint32_t)sequence->prompt_len;
    if (d->references)
        bco_record_number(record,
                          !sample->is_pair ? "ref_logp"
                          : second         ? "ref_logp_rejected"
                                           : "ref_logp_chosen",
                          &e.ref_logp);
    if (sequence->length > UINT32_MAX) return bco_record_fail(record, NULL, err, "has too many tokens");
    if (!file_index(d, bco_record_file(record), &e.file) ||
        !bco_grow((void **)&d->entries, &d->capacity, d->count + 1, sizeof *d->entries))
        return bco_fail_memory(err);
    enum bco_code code = spool_entry(d, &e, record, sequence->ids, err);
    d->entries[d->count++] = e;
    d->counts.tokens += e.length;
    *(e.up ? &d->counts.up : &d->counts.down) += 1;
    return code;
}

/* What is wrong with a record before any of it is taken. */
static enum bco_code check_record(struct bco_dataset *d, const struct bco_record *record,
                                  const struct bco_sample *sample, const struct bco_sequences *sequences,
                                  struct bco_sequences *mismatched, struct bco_error *err) {
    static const char *const fields[2][2] = {{"ref_tokens", ""}, {"ref_tokens_chosen", "ref_tokens_rejected"}};
    enum bco_code code = BCO_OK;
    if (!d->references) return BCO_OK;
    for (size_t i = 0; i < sequences->count && code == BCO_OK; i++)
        code = check_tokens(record, fields[sample->is_pair][i], &sequences->items[i], err);
    if (code != BCO_OK || d->options.loss != BCO_LOSS_KTO) return code;
    return bco_mismatch_sequences(d->source.tokenizer, &d->source.limits, d->source.vocabulary, record, sample,
                                  mismatched, err);
}

static enum bco_code add_record(struct bco_dataset *d, const struct bco_record *record, const struct bco_sample *sample,
                                const struct bco_sequences *sequences, struct bco_error *err) {
    size_t count = d->options.loss == BCO_LOSS_SFT ? 1 : sequences->count;
    struct bco_sequences mismatched = {0};
    enum bco_code code = check_record(d, record, sample, sequences, &mismatched, err);
    if (code != BCO_OK) return bco_source_reject(&d->source, code, err);
    d->counts.records++;
    d->counts.pairs += sample->is_pair;
    for (size_t i = 0; i < count && code == BCO_OK; i++) {
        code = add_entry(d, record, sample, &sequences->items[i], i > 0, err);
        if (code == BCO_OK && i < mismatched.count)
            code =
                spool_mismatch(d, record, bco_mismatch_names(sample->is_pair, i)->ref_logp, &mismatched.items[i], err);
    }
    bco_sequences_free(&mismatched);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------ */

static enum bco_code report(const struct bco_dataset *d, struct bco_error *err) {
    const struct bco_watch *w = d->watch;
    if (w && w->progress) w->progress(w->user, d->source.in, 0, "records");
    if (w && w->stop && w->stop(w->user)) return bco_fail(err, BCO_EINTERRUPTED, "interrupted while reading records");
    return BCO_OK;
}

static enum bco_code read_all(struct bco_dataset *d, struct bco_error *err) {
    for (;;) {
        struct bco_record *record;
        struct bco_sample sample;
        struct bco_sequences sequences = {0};
        enum bco_code code = report(d, err);
        if (code == BCO_OK) code = bco_source_next(&d->source, &record, &sample, &sequences, err);
        if (code == BCO_OK && !record) return BCO_OK;
        if (code == BCO_OK) code = add_record(d, record, &sample, &sequences, err);
        bco_sequences_free(&sequences);
        if (code != BCO_OK) return code;
    }
}

static void warn(const struct bco_watch *watch, const char *text) {
    if (watch && watch->warn) watch->warn(watch->user, text);
}

/* Gives back the room that growing left. */
static void trim(struct bco_dataset *d) {
    struct bco_entry *exact = realloc(d->entries, d->count * sizeof *exact);
    if (!exact) return;
    d->entries = exact;
    d->capacity = d->count;
}

static enum bco_code finish(struct bco_dataset *d, struct bco_error *err) {
    const struct bco_dataset_counts *n = &d->counts;
    d->counts.rejected = d->source.rejected;
    d->counts.cuts = d->source.cuts;
    if (n->records == 0) return bco_fail(err, BCO_EDATA, d->source.in ? "no records to learn from" : "no records");
    if (d->some_without_id)
        warn(d->watch, "records without ref_id: nothing says whether their ref_logp fits this model and these limits");
    if (d->has_id && d->expected.weights != d->policy)
        warn(d->watch, "the reference is the model without the adapter: rewards start where the adapter has them");
    if (d->has_id && d->expected.precision != d->precision)
        warn(d->watch, "the reference log-probs are of another precision: they differ by about 0.01 nat a token, and "
                       "rewards start off by the sum of that");
    if (d->options.loss != BCO_LOSS_SFT && (n->up == 0 || n->down == 0))
        warn(d->watch, n->up ? "no down records: nothing holds the rewards of ups down"
                             : "no up records: nothing holds the rewards of downs up");
    d->watch = NULL;
    trim(d);
    return BCO_OK;
}

static enum bco_code start(struct bco_dataset *d, const struct bco_model *model, const struct bco_tokenizer *tokenizer,
                           struct bco_error *err) {
    struct bco_limits *limits = &d->options.limits;
    enum bco_code code = bco_refcache_limits(limits, model, tokenizer, err);
    d->references = d->options.loss != BCO_LOSS_SFT && !bco_model_is_classifier(model);
    d->policy = d->expected.weights = model->fingerprint;
    d->base = model->base_fingerprint;
    d->precision = d->expected.precision = bco_model_precision(model);
    d->expected.tokenizer = limits->ids ? 0 : bco_tokenizer_fingerprint(tokenizer);
    d->expected.limits = *limits;
    d->source.limits = *limits;
    d->source.tokenizer = tokenizer;
    d->source.vocabulary = bco_model_vocabulary(model);
    d->source.need_label = d->options.loss != BCO_LOSS_SFT && !bco_loss_is_paired(d->options.loss);
    d->source.look = look;
    d->source.user = d;
    d->hasher = bco_hasher_new();
    if (!d->hasher) return bco_fail_memory(err);
    return code == BCO_OK ? bco_spool_open(&d->spool, d->options.spool, err) : code;
}

enum bco_code bco_dataset_read(struct bco_dataset **dataset, struct bco_reader *reader, struct bco_writer *rejects,
                               const struct bco_model *model, const struct bco_tokenizer *tokenizer,
                               const struct bco_dataset_options *options, const struct bco_watch *watch,
                               struct bco_error *err) {
    struct bco_dataset *d = *dataset = bco_calloc(1, sizeof *d);
    if (!d) return bco_fail_memory(err);
    d->options = *options;
    d->watch = watch;
    d->source.reader = reader;
    d->source.rejects = rejects;
    enum bco_code code = start(d, model, tokenizer, err);
    if (code == BCO_OK) code = read_all(d, err);
    if (code == BCO_OK) code = finish(d, err);
    if (code == BCO_OK) return BCO_OK;
    bco_dataset_close(d);
    *dataset = NULL;
    return code;
}

void bco_dataset_close(struct bco_dataset *d) {
    if (!d) return;
    bco_spool_close(d->spool);
    bco_hasher_free(d->hasher);
    for (size_t i = 0; i < d->file_count; i++) free(d->files[i]);
    free(d->files);
    free(d->entries);
    free(d);
}

/* ---- asking --------------------------------------------------------------------------------- */

struct bco_dataset_counts bco_dataset_counts(const struct bco_dataset *d) {
    return d->counts;
}

size_t bco_dataset_entries(const struct bco_dataset *d) {
    return d->count;
}

const struct bco_entry *bco_dataset_entry(const struct bco_dataset *d, size_t i) {
    return &d->entries[i];
}

enum bco_code bco_dataset_ids(const struct bco_dataset *d, size_t i, int32_t *ids, struct bco_error *err) {
    const struct bco_entry *e = &d->entries[i];
    return bco_spool_read(d->spool, e->offset, ids, e->length * sizeof *ids, err);
}

static uint64_t mismatch_offset(const struct bco_entry *e) {
    return e->offset + e->length * sizeof(int32_t) + e->name_length;
}

enum bco_code bco_dataset_mismatch(const struct bco_dataset *d, size_t i, struct bco_mismatch *mismatch,
                                   struct bco_error *err) {
    return bco_spool_read(d->spool, mismatch_offset(&d->entries[i]), mismatch, sizeof *mismatch, err);
}

enum bco_code bco_dataset_mismatch_ids(const struct bco_dataset *d, size_t i, const struct bco_mismatch *mismatch,
                                       int32_t *ids, struct bco_error *err) {
    uint64_t offset = mismatch_offset(&d->entries[i]) + sizeof *mismatch;
    return bco_spool_read(d->spool, offset, ids, mismatch->length * sizeof *ids, err);
}

void bco_dataset_name(const struct bco_dataset *d, size_t i, struct bco_buf *text) {
    const struct bco_entry *e = &d->entries[i];
    char name[NAME_SIZE];
    bco_buf_printf(text, "%s:%llu", d->files[e->file], (unsigned long long)e->line);
    if (e->name_length == 0 ||
        bco_spool_read(d->spool, e->offset + e->length * sizeof(int32_t), name, e->name_length, NULL) != BCO_OK)
        return;
    bco_buf_str(text, " (id '");
    bco_buf_add(text, name, e->name_length);
    bco_buf_str(text, "')");
}

uint64_t bco_dataset_fingerprint(const struct bco_dataset *d) {
    return bco_hasher_value(d->hasher).low;
}

bool bco_dataset_starts_at_reference(const struct bco_dataset *d) {
    return d->has_id && !d->some_without_id && d->references && d->expected.weights == d->policy &&
           d->expected.precision == d->precision;
}

/* ---- for loops of others ------------------------------------------------------------------------ */

size_t bco_dataset_size(const struct bco_dataset *d) {
    return d->count;
}

struct bco_dataset_sample bco_dataset_sample(const struct bco_dataset *d, size_t i) {
    const struct bco_entry *e = &d->entries[i];
    return (struct bco_dataset_sample){.length = e->length,
                                       .prompt_len = e->prompt_len,
                                       .ref_logp = e->ref_logp,
                                       .weight = e->weight,
                                       .up = e->up,
                                       .second = e->second};
}

enum bco_code bco_dataset_tokens(const struct bco_dataset *d, size_t i, int32_t *ids, struct bco_error *err) {
    return bco_dataset_ids(d, i, ids, err);
}

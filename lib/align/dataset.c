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

enum { MOST_FILES = UINT16_MAX, NAME_SIZE = 256, RANKED = 64 };

/* What stays in memory of a record. The spool has its ids, those of a pair's second half, its place, its name, and for
 * kto the mismatched completions. */
struct kept {
    uint64_t offset : 48; /* in the spool, bytes */
    uint64_t name_length : 9;
    uint64_t pair : 1;
    uint64_t up : 1;
    double weight;
    double ref_logp[2];
    uint32_t length[2], prompt_len[2];
};

_Static_assert(sizeof(struct kept) == BCO_RECORD_BYTES,
               "with its place in the order no record takes more than 64 bytes");

struct place {
    uint64_t line;
    uint64_t file;
};

struct bco_dataset {
    struct bco_dataset_options options;
    const struct bco_watch *watch; /* while reading */
    struct bco_source source;
    struct bco_spool *spool;
    struct bco_hasher *hasher;
    struct kept *records;
    size_t count, capacity;
    size_t *ranks; /* samples before record 0, RANKED, 2 RANKED, ...; NULL where no pairs are among others */
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

static bool file_index(struct bco_dataset *d, const char *file, uint64_t *index) {
    if (d->file_count == 0 || strcmp(d->files[d->file_count - 1], file) != 0) {
        char *copy = d->file_count < MOST_FILES ? bco_strndup(file, strlen(file)) : NULL;
        if (!copy || !bco_grow((void **)&d->files, &d->file_capacity, d->file_count + 1, sizeof *d->files)) {
            free(copy);
            return false;
        }
        d->files[d->file_count++] = copy;
    }
    *index = d->file_count - 1;
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

/* The fingerprint of what training sees. */
static void hash_half(struct bco_dataset *d, const struct kept *k, size_t half, const int32_t *ids) {
    bool up = half == 0 && k->up;
    double numbers[] = {k->ref_logp[half], k->weight};
    bco_hasher_add_u64(d->hasher, (uint64_t)k->length[half] << 32 | k->prompt_len[half]);
    bco_hasher_add_u64(d->hasher, (uint64_t)up << 1 | half);
    bco_hasher_add(d->hasher, numbers, sizeof numbers);
    bco_hasher_add(d->hasher, ids, k->length[half] * sizeof *ids);
}

static struct bco_mismatch mismatch_of(const struct bco_record *record, const char *ref_logp,
                                       const struct bco_sequence *sequence) {
    struct bco_mismatch m = {.length = (uint32_t)sequence->length, .prompt_len = (uint32_t)sequence->prompt_len};
    bco_record_number(record, ref_logp, &m.ref_logp);
    return m;
}

/* Behind the record, so that nothing of it stays in memory. */
static enum bco_code spool_mismatch(struct bco_dataset *d, struct bco_mismatch m, const int32_t *ids,
                                    struct bco_error *err) {
    size_t bytes = m.length * sizeof *ids;
    bco_hasher_add(d->hasher, &m, sizeof m);
    bco_hasher_add(d->hasher, ids, bytes);
    enum bco_code code = bco_spool_add(d->spool, &m, sizeof m, err);
    return code == BCO_OK ? bco_spool_add(d->spool, ids, bytes, err) : code;
}

static enum bco_code spool_record(struct bco_dataset *d, struct kept *k, const struct bco_record *record,
                                  const struct bco_sequences *sequences, size_t halves, struct bco_error *err) {
    char name[NAME_SIZE];
    struct place place = {.line = bco_record_line(record)};
    enum bco_code code = BCO_OK;
    k->offset = bco_spool_size(d->spool);
    k->name_length = record_name(record, name);
    if (!file_index(d, bco_record_file(record), &place.file)) return bco_fail_memory(err);
    for (size_t i = 0; i < halves && code == BCO_OK; i++) {
        hash_half(d, k, i, sequences->items[i].ids);
        code = bco_spool_add(d->spool, sequences->items[i].ids, k->length[i] * sizeof(int32_t), err);
    }
    if (code == BCO_OK) code = bco_spool_add(d->spool, &place, sizeof place, err);
    return code == BCO_OK ? bco_spool_add(d->spool, name, k->name_length, err) : code;
}

static struct kept kept_of(const struct bco_dataset *d, const struct bco_record *record,
                           const struct bco_sample *sample, const struct bco_sequences *sequences, size_t halves) {
    struct kept k = {.weight = sample->weight, .pair = halves == 2};
    k.up = sample->is_pair || !sample->has_label || sample->label;
    for (size_t i = 0; i < halves; i++) {
        k.length[i] = (uint32_t)sequences->items[i].length;
        k.prompt_len[i] = (uint32_t)sequences->items[i].prompt_len;
        const char *field = !sample->is_pair ? "ref_logp" : i == 0 ? "ref_logp_chosen" : "ref_logp_rejected";
        if (d->references) bco_record_number(record, field, &k.ref_logp[i]);
    }
    return k;
}

static void count_record(struct bco_dataset_counts *n, const struct kept *k, bool is_pair) {
    n->records++;
    n->pairs += is_pair;
    n->tokens += (uint64_t)k->length[0] + k->length[1];
    n->up += k->up;
    n->down += k->pair || !k->up;
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

static enum bco_code check_lengths(const struct bco_record *record, const struct bco_sequences *sequences,
                                   struct bco_error *err) {
    for (size_t i = 0; i < sequences->count; i++)
        if (sequences->items[i].length > UINT32_MAX) return bco_record_fail(record, NULL, err, "has too many tokens");
    return BCO_OK;
}

static enum bco_code take_record(struct bco_dataset *d, const struct bco_record *record,
                                 const struct bco_sample *sample, const struct bco_sequences *sequences,
                                 const struct bco_sequences *mismatched, struct bco_error *err) {
    size_t halves = d->options.loss == BCO_LOSS_SFT ? 1 : sequences->count;
    struct kept k = kept_of(d, record, sample, sequences, halves);
    if (!bco_grow((void **)&d->records, &d->capacity, d->count + 1, sizeof *d->records)) return bco_fail_memory(err);
    enum bco_code code = spool_record(d, &k, record, sequences, halves, err);
    for (size_t i = 0; i < mismatched->count && i < halves && code == BCO_OK; i++) {
        const struct bco_sequence *s = &mismatched->items[i];
        const char *field = bco_mismatch_names(sample->is_pair, i)->ref_logp;
        code = spool_mismatch(d, mismatch_of(record, field, s), s->ids, err);
    }
    d->records[d->count++] = k;
    count_record(&d->counts, &k, sample->is_pair);
    return code;
}

static enum bco_code add_record(struct bco_dataset *d, const struct bco_record *record, const struct bco_sample *sample,
                                const struct bco_sequences *sequences, struct bco_error *err) {
    struct bco_sequences mismatched = {0};
    enum bco_code code = check_lengths(record, sequences, err);
    if (code == BCO_OK) code = check_record(d, record, sample, sequences, &mismatched, err);
    if (code == BCO_OK) code = check_lengths(record, &mismatched, err);
    code = code == BCO_OK ? take_record(d, record, sample, sequences, &mismatched, err)
                          : bco_source_reject(&d->source, code, err);
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
    struct kept *exact = realloc(d->records, d->count * sizeof *exact);
    if (!exact) return;
    d->records = exact;
    d->capacity = d->count;
}

static bool is_mixed(const struct bco_dataset *d) {
    uint64_t samples = d->counts.up + d->counts.down;
    return samples != d->count && samples != 2 * (uint64_t)d->count;
}

/* Where samples of pairs and of others stand among each other: a word for RANKED records. */
static enum bco_code rank(struct bco_dataset *d, struct bco_error *err) {
    size_t samples = 0;
    if (!is_mixed(d)) return BCO_OK;
    d->ranks = bco_malloc(d->count / RANKED + 1, sizeof *d->ranks);
    if (!d->ranks) return bco_fail_memory(err);
    for (size_t r = 0; r < d->count; samples += bco_dataset_halves(d, r++))
        if (r % RANKED == 0) d->ranks[r / RANKED] = samples;
    return BCO_OK;
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
    return rank(d, err);
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
    free(d->records);
    free(d->ranks);
    free(d);
}

/* ---- asking --------------------------------------------------------------------------------- */

struct bco_dataset_counts bco_dataset_counts(const struct bco_dataset *d) {
    return d->counts;
}

size_t bco_dataset_records(const struct bco_dataset *d) {
    return d->count;
}

size_t bco_dataset_halves(const struct bco_dataset *d, size_t record) {
    return 1 + d->records[record].pair;
}

struct bco_entry bco_dataset_entry(const struct bco_dataset *d, size_t i) {
    const struct kept *k = &d->records[i / 2];
    bool second = i % 2;
    return (struct bco_entry){.ref_logp = k->ref_logp[second],
                              .weight = k->weight,
                              .length = k->length[second],
                              .prompt_len = k->prompt_len[second],
                              .up = k->up && !second,
                              .second = second};
}

size_t bco_dataset_list(const struct bco_dataset *d, size_t first, size_t records, size_t *entries) {
    size_t count = 0;
    for (size_t r = first; r < first + records; r++)
        for (size_t half = 0; half < bco_dataset_halves(d, r); half++) entries[count++] = 2 * r + half;
    return count;
}

enum bco_code bco_dataset_ids(const struct bco_dataset *d, size_t i, int32_t *ids, struct bco_error *err) {
    const struct kept *k = &d->records[i / 2];
    uint64_t before = i % 2 ? k->length[0] * sizeof *ids : 0;
    return bco_spool_read(d->spool, k->offset + before, ids, k->length[i % 2] * sizeof *ids, err);
}

static uint64_t place_offset(const struct kept *k) {
    return k->offset + ((uint64_t)k->length[0] + k->length[1]) * sizeof(int32_t);
}

/* A second half's stands behind the first one's. */
static enum bco_code mismatch_offset(const struct bco_dataset *d, size_t i, uint64_t *offset, struct bco_error *err) {
    const struct kept *k = &d->records[i / 2];
    struct bco_mismatch first;
    *offset = place_offset(k) + sizeof(struct place) + k->name_length;
    if (i % 2 == 0) return BCO_OK;
    enum bco_code code = bco_spool_read(d->spool, *offset, &first, sizeof first, err);
    if (code == BCO_OK) *offset += sizeof first + first.length * sizeof(int32_t);
    return code;
}

enum bco_code bco_dataset_mismatch(const struct bco_dataset *d, size_t i, struct bco_mismatch *mismatch,
                                   struct bco_error *err) {
    uint64_t offset;
    enum bco_code code = mismatch_offset(d, i, &offset, err);
    return code == BCO_OK ? bco_spool_read(d->spool, offset, mismatch, sizeof *mismatch, err) : code;
}

enum bco_code bco_dataset_mismatch_ids(const struct bco_dataset *d, size_t i, const struct bco_mismatch *mismatch,
                                       int32_t *ids, struct bco_error *err) {
    uint64_t offset;
    enum bco_code code = mismatch_offset(d, i, &offset, err);
    if (code != BCO_OK) return code;
    return bco_spool_read(d->spool, offset + sizeof *mismatch, ids, mismatch->length * sizeof *ids, err);
}

void bco_dataset_name(const struct bco_dataset *d, size_t i, struct bco_buf *text) {
    const struct kept *k = &d->records[i / 2];
    uint64_t offset = place_offset(k);
    struct place place;
    char name[NAME_SIZE];
    if (bco_spool_read(d->spool, offset, &place, sizeof place, NULL) != BCO_OK ||
        bco_spool_read(d->spool, offset + sizeof place, name, k->name_length, NULL) != BCO_OK) {
        bco_buf_printf(text, "record %zu", i / 2 + 1);
        return;
    }
    bco_buf_printf(text, "%s:%llu", d->files[place.file], (unsigned long long)place.line);
    if (k->name_length == 0) return;
    bco_buf_str(text, " (id '");
    bco_buf_add(text, name, k->name_length);
    bco_buf_str(text, "')");
}

uint64_t bco_dataset_fingerprint(const struct bco_dataset *d) {
    return bco_hasher_value(d->hasher).low;
}

static bool is_of_model(const struct bco_dataset *d) {
    return d->has_id && !d->some_without_id && d->references && d->expected.weights == d->policy;
}

bool bco_dataset_starts_at_reference(const struct bco_dataset *d) {
    return is_of_model(d) && d->expected.precision == d->precision;
}

bool bco_dataset_is_mixed(const struct bco_dataset *d) {
    return is_of_model(d) && d->expected.precision != d->precision;
}

/* ---- for loops of others ------------------------------------------------------------------------ */

size_t bco_dataset_size(const struct bco_dataset *d) {
    return (size_t)(d->counts.up + d->counts.down);
}

/* The entry of sample i: by the last rank that is not above it, and from there on by the records. */
static size_t entry_of(const struct bco_dataset *d, size_t i) {
    size_t low = 0, high = d->count / RANKED;
    if (!d->ranks) return bco_dataset_size(d) == d->count ? 2 * i : i;
    if (d->count % RANKED == 0) high--;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (d->ranks[middle] <= i)
            low = middle;
        else
            high = middle - 1;
    }
    size_t record = low * RANKED, left = i - d->ranks[low];
    while (left >= bco_dataset_halves(d, record)) left -= bco_dataset_halves(d, record++);
    return 2 * record + left;
}

struct bco_dataset_sample bco_dataset_sample(const struct bco_dataset *d, size_t i) {
    const struct bco_entry e = bco_dataset_entry(d, entry_of(d, i));
    return (struct bco_dataset_sample){.length = e.length,
                                       .prompt_len = e.prompt_len,
                                       .ref_logp = e.ref_logp,
                                       .weight = e.weight,
                                       .up = e.up,
                                       .second = e.second};
}

enum bco_code bco_dataset_tokens(const struct bco_dataset *d, size_t i, int32_t *ids, struct bco_error *err) {
    return bco_dataset_ids(d, entry_of(d, i), ids, err);
}

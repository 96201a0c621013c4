#include "base/fail.h"
#include "base/mem.h"
#include "data/fields.h"
#include "data/table.h"

#include <bco/stat.h>
#include <math.h>
#include <stdlib.h>

enum { USUAL = 1 << 16 };

/* Code points. Usual lengths are counted, longer ones kept. */
struct lengths {
    uint64_t *usual; /* how many there are of each below USUAL */
    uint32_t *items;
    size_t count, capacity; /* of items */
    uint64_t all;
    double sum;
};

struct run {
    struct bco_stat *stat;
    struct bco_table *prompts; /* one byte: bit `up`: a completion with this label */
    struct bco_table *texts;   /* the same of a prompt with its completion; bit 2: one without a label */
    struct lengths prompt, completion;
    double completions, distinct;
};

static void free_lengths(struct lengths *lengths) {
    free(lengths->usual);
    free(lengths->items);
}

static bool add_length(struct lengths *lengths, uint64_t bins[BCO_LENGTH_BINS], size_t characters) {
    uint32_t length = characters > UINT32_MAX ? UINT32_MAX : (uint32_t)characters;
    if (length < USUAL) {
        lengths->usual[length]++;
    } else {
        if (!bco_grow((void **)&lengths->items, &lengths->capacity, lengths->count + 1, sizeof *lengths->items))
            return false;
        lengths->items[lengths->count++] = length;
    }
    lengths->all++;
    lengths->sum += length;
    int bin = 0;
    while (length >> bin) bin++;
    bins[bin]++;
    return true;
}

enum { MARK_DOWN = 1, MARK_UP = 2, MARK_NONE = 4, MARK_BOTH = MARK_DOWN | MARK_UP };

static bool add_completion(struct run *run, const struct bco_hash *prompt, const struct bco_hash *completion,
                           unsigned char mark) {
    struct bco_hash both[2] = {*prompt, *completion};
    unsigned char *of_prompt = bco_table_put(run->prompts, *prompt, NULL);
    unsigned char *of_text = bco_table_put(run->texts, bco_hash_bytes(both, sizeof both, 0), NULL);
    if (!of_prompt || !of_text) return false;
    struct bco_stat *s = run->stat;
    run->completions++;
    run->distinct += !(*of_text & mark);
    s->conflicts += (*of_text & MARK_BOTH) != MARK_BOTH && ((*of_text | mark) & MARK_BOTH) == MARK_BOTH;
    s->prompts_both_labels += (*of_prompt & MARK_BOTH) != MARK_BOTH && ((*of_prompt | mark) & MARK_BOTH) == MARK_BOTH;
    *of_text |= mark;
    *of_prompt |= mark;
    return true;
}

static enum bco_code add_value(struct run *run, const struct bco_record *record, const char *field,
                               const struct bco_hash *prompt, unsigned char mark, struct bco_error *err) {
    struct bco_value value;
    struct bco_hash hash;
    enum bco_code code = bco_value_read(record, field, false, &value, err);
    if (code == BCO_OK) code = bco_value_hash(&value, &hash, err);
    if (code != BCO_OK) return code;
    bool fine = add_length(&run->completion, run->stat->completion_bins, bco_value_characters(&value)) &&
                add_completion(run, prompt, &hash, mark);
    return fine ? BCO_OK : bco_fail_memory(err);
}

static void add_labels(struct bco_stat *stat, const struct bco_sample *sample) {
    bool up = sample->is_pair || (sample->has_label && sample->label);
    bool down = sample->is_pair || (sample->has_label && !sample->label);
    stat->up += up;
    stat->down += down;
    if (up) stat->weight_up += sample->weight;
    if (down) stat->weight_down += sample->weight;
}

static bool lacks(const struct bco_record *record, const char *field) {
    return bco_record_kind(record, field) == BCO_MISSING;
}

static enum bco_code add_record(struct run *run, const struct bco_record *record, struct bco_error *err) {
    const struct bco_sample_options options = {.need_label = false};
    struct bco_sample sample;
    struct bco_value prompt;
    struct bco_hash hash;
    enum bco_code code = bco_record_sample(record, &options, &sample, err);
    if (code == BCO_OK) code = bco_value_read(record, "prompt", false, &prompt, err);
    if (code == BCO_OK) code = bco_value_hash(&prompt, &hash, err);
    if (code != BCO_OK) return code;
    if (!add_length(&run->prompt, run->stat->prompt_bins, bco_value_characters(&prompt))) return bco_fail_memory(err);
    run->stat->records++;
    add_labels(run->stat, &sample);
    unsigned char mark = sample.is_pair || (sample.has_label && sample.label) ? MARK_UP : MARK_DOWN;
    if (!sample.is_pair && !sample.has_label) mark = MARK_NONE;
    code = add_value(run, record, sample.is_pair ? "chosen" : "completion", &hash, mark, err);
    if (code == BCO_OK && sample.is_pair) code = add_value(run, record, "rejected", &hash, MARK_DOWN, err);
    run->stat->missing_reference += sample.is_pair
                                        ? lacks(record, "ref_logp_chosen") || lacks(record, "ref_logp_rejected")
                                        : lacks(record, "ref_logp");
    return code;
}

/* ---- the figures ---------------------------------------------------------------- */

static int by_size(const void *left, const void *right) {
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* The length at `rank` from 0, of all in order. */
static double at_rank(const struct lengths *lengths, uint64_t rank) {
    for (uint32_t length = 0; length < USUAL; length++) {
        if (rank < lengths->usual[length]) return length;
        rank -= lengths->usual[length];
    }
    return lengths->items[rank];
}

static double quantile(const struct lengths *lengths, double q) {
    double place = q * (double)(lengths->all - 1);
    uint64_t below = (uint64_t)place, above = below + 1 < lengths->all ? below + 1 : below;
    double low = at_rank(lengths, below);
    return low + (place - (double)below) * (at_rank(lengths, above) - low);
}

static void describe(struct lengths *lengths, struct bco_lengths *to) {
    *to = (struct bco_lengths){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!lengths->all) return;
    if (lengths->count) qsort(lengths->items, lengths->count, sizeof *lengths->items, by_size);
    to->min = quantile(lengths, 0);
    to->p25 = quantile(lengths, 0.25);
    to->p50 = quantile(lengths, 0.5);
    to->p75 = quantile(lengths, 0.75);
    to->p95 = quantile(lengths, 0.95);
    to->max = quantile(lengths, 1);
    to->mean = lengths->sum / (double)lengths->all;
}

static void finish(struct run *run) {
    struct bco_stat *s = run->stat;
    s->up_share = s->up + s->down > 0 ? s->up / (s->up + s->down) : NAN;
    s->prompts = (double)bco_table_count(run->prompts);
    s->completions_per_prompt = s->prompts > 0 ? run->completions / s->prompts : NAN;
    s->duplicates = run->completions - run->distinct;
    describe(&run->prompt, &s->prompt_chars);
    describe(&run->completion, &s->completion_chars);
}

static enum bco_code add_all(struct run *run, struct bco_reader *reader, struct bco_writer *rejects,
                             const struct bco_watch *watch, struct bco_error *err) {
    for (uint64_t in = 1;; in++) {
        struct bco_record *record = NULL;
        enum bco_code code = bco_reader_next(reader, &record, err);
        if (code == BCO_OK && !record) return BCO_OK;
        if (code == BCO_OK) code = add_record(run, record, err);
        if (code == BCO_EDATA && rejects && !bco_reader_fatal(reader)) {
            struct bco_error reason = *err;
            size_t length;
            const char *raw = bco_reader_raw(reader, &length);
            run->stat->rejected++;
            code = bco_writer_reject(rejects, &reason, raw, length, err);
        }
        if (code != BCO_OK) return code;
        if (watch && watch->progress && in % 1024 == 0) watch->progress(watch->user, in, 0, "records");
    }
}

enum bco_code bco_stat_run(struct bco_reader *reader, struct bco_writer *rejects, struct bco_stat *stat,
                           const struct bco_watch *watch, struct bco_error *err) {
    struct bco_error own;
    struct run run = {.stat = stat};
    *stat = (struct bco_stat){0};
    run.prompts = bco_table_new(1);
    run.texts = bco_table_new(1);
    run.prompt.usual = bco_calloc(USUAL, sizeof *run.prompt.usual);
    run.completion.usual = bco_calloc(USUAL, sizeof *run.completion.usual);
    bool fine = run.prompts && run.texts && run.prompt.usual && run.completion.usual;
    enum bco_code code = fine ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK) code = add_all(&run, reader, rejects, watch, err ? err : &own);
    if (code == BCO_OK && stat->records == 0) code = bco_fail(err, BCO_EDATA, "no records");
    if (code == BCO_OK) finish(&run);
    bco_table_free(run.prompts);
    bco_table_free(run.texts);
    free_lengths(&run.prompt);
    free_lengths(&run.completion);
    return code;
}

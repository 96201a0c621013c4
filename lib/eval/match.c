#include "eval/match.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

/* ---- reading one file ---------------------------------------------------- */

static uint64_t code_points(const char *text, size_t length) {
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static uint64_t completion_length(const struct bco_record *record) {
    const char *text;
    size_t length;
    uint64_t sum = 0;
    if (bco_record_text(record, "completion", &text, &length)) return code_points(text, length);
    for (size_t i = 0;; i++) {
        char path[64];
        snprintf(path, sizeof path, "completion.%zu", i);
        if (bco_record_kind(record, path) != BCO_OBJECT) return sum;
        snprintf(path, sizeof path, "completion.%zu.content", i);
        if (bco_record_text(record, path, &text, &length)) sum += code_points(text, length);
    }
}

static enum bco_code check_field(const struct bco_record *record, const char *field, struct bco_error *err) {
    switch (bco_record_kind(record, field)) {
    case BCO_TEXT:
    case BCO_LIST: return BCO_OK;
    case BCO_MISSING: return bco_record_fail(record, field, err, "missing, expected a text or a list of messages");
    default: return bco_record_fail(record, field, err, "neither a text nor a list of messages");
    }
}

static void side_free(struct bco_side *side) {
    free(side->id);
    free(side->prompt);
    free(side->completion);
    free(side->raw);
}

/* A field as JSON text, and the fingerprint of its decoded value. */
static bool keep_field(const struct bco_record *record, const char *field, char **json, struct bco_hash *key) {
    size_t length;
    *json = bco_record_json(record, field, &length);
    char *canonical = bco_record_canonical(record, field, &length);
    if (canonical) *key = bco_hash_bytes(canonical, length, 0);
    free(canonical);
    return *json && canonical;
}

static enum bco_code add_side(struct bco_side_list *list, const struct bco_reader *reader,
                              const struct bco_record *record, struct bco_error *err) {
    struct bco_hash unused;
    enum bco_code code = check_field(record, "prompt", err);
    if (!code) code = check_field(record, "completion", err);
    if (code) return code;
    struct bco_side side = {.line = bco_record_line(record), .length = completion_length(record)};
    const char *raw = bco_reader_raw(reader, &side.raw_length);
    side.raw = bco_strndup(raw, side.raw_length);
    bool good = side.raw && keep_field(record, "prompt", &side.prompt, &side.prompt_key) &&
                keep_field(record, "completion", &side.completion, &unused);
    if (good && bco_record_kind(record, "id") != BCO_MISSING) good = keep_field(record, "id", &side.id, &side.id_key);
    if (good && bco_grow((void **)&list->sides, &list->capacity, list->count + 1, sizeof *list->sides)) {
        list->sides[list->count++] = side;
        return BCO_OK;
    }
    side_free(&side);
    return bco_fail_memory(err);
}

/* Puts a bad record aside where there is a place for it. */
static enum bco_code reject(struct bco_match *pairs, struct bco_writer *rejects, const char *raw, size_t length,
                            struct bco_error *err) {
    struct bco_error reason = *err;
    if (!rejects) return BCO_EDATA;
    pairs->rejected++;
    return bco_writer_reject(rejects, &reason, raw, length, err);
}

static enum bco_code read_side(struct bco_match *pairs, struct bco_side_list *list, const char *path,
                               struct bco_writer *rejects, struct bco_error *err) {
    struct bco_reader *reader = NULL;
    struct bco_record *record;
    enum bco_code code = bco_reader_open(&reader, &path, 1, NULL, err);
    if (!(list->path = bco_strndup(path, strlen(path)))) code = bco_fail_memory(err);
    while (!code) {
        code = bco_reader_next(reader, &record, err);
        if (!code && !record) break;
        if (!code) code = add_side(list, reader, record, err);
        if (code == BCO_EDATA && !bco_reader_fatal(reader)) {
            size_t length;
            const char *raw = bco_reader_raw(reader, &length);
            code = reject(pairs, rejects, raw, length, err);
        }
    }
    bco_reader_close(reader);
    if (!code && !list->count) code = bco_fail_at(err, BCO_EDATA, path, 0, NULL, "no records");
    return code;
}

/* ---- matching ---------------------------------------------------------------- */

static bool all_have_ids(const struct bco_side_list *list) {
    for (size_t i = 0; i < list->count; i++)
        if (!list->sides[i].id) return false;
    return true;
}

static struct bco_hash key_of(const struct bco_side *side, bool by_id, uint64_t sample) {
    const struct bco_hash *key = by_id ? &side->id_key : &side->prompt_key;
    return bco_hash_bytes(key, sizeof *key, sample);
}

/* Numbers the records of each key from 1: samples[i]. `sizes` gets how many each key has. */
static bool number_samples(const struct bco_side_list *list, bool by_id, struct bco_table *sizes, size_t *samples) {
    for (size_t i = 0; i < list->count; i++) {
        size_t *size = bco_table_put(sizes, key_of(&list->sides[i], by_id, 0), NULL);
        if (!size) return false;
        samples[i] = ++*size;
    }
    return true;
}

static bool index_of(const struct bco_side_list *list, bool by_id, const size_t *samples, struct bco_table *index) {
    for (size_t i = 0; i < list->count; i++) {
        size_t *place = bco_table_put(index, key_of(&list->sides[i], by_id, samples[i]), NULL);
        if (!place) return false;
        *place = i;
    }
    return true;
}

static void pair_up(struct bco_match *p, bool by_id, const size_t *samples, const struct bco_table *sizes,
                    const struct bco_table *index) {
    for (size_t i = 0; i < p->a.count; i++) {
        struct bco_side *a = &p->a.sides[i];
        size_t *b = bco_table_get(index, key_of(a, by_id, samples[i]));
        if (!b) continue;
        a->paired = p->b.sides[*b].paired = true;
        bool several = *(size_t *)bco_table_get(sizes, key_of(a, by_id, 0)) > 1;
        p->pairs[p->count++] = (struct bco_pair){.a = i, .b = *b, .sample = samples[i], .several = several};
    }
}

static void count_partners(struct bco_side_list *list, bool by_id, const struct bco_table *sizes_of_other) {
    for (size_t i = 0; i < list->count; i++) {
        const size_t *size = bco_table_get(sizes_of_other, key_of(&list->sides[i], by_id, 0));
        list->sides[i].partners = size ? *size : 0;
    }
}

static enum bco_code match(struct bco_match *p, bool by_id, struct bco_error *err) {
    struct bco_table *sizes_a = bco_table_new(sizeof(size_t)), *sizes_b = bco_table_new(sizeof(size_t));
    struct bco_table *index = bco_table_new(sizeof(size_t));
    size_t *samples_a = bco_calloc(p->a.count, sizeof *samples_a);
    size_t *samples_b = bco_calloc(p->b.count, sizeof *samples_b);
    p->pairs = bco_calloc(p->a.count, sizeof *p->pairs);
    bool good = sizes_a && sizes_b && index && samples_a && samples_b && p->pairs &&
                number_samples(&p->a, by_id, sizes_a, samples_a) && number_samples(&p->b, by_id, sizes_b, samples_b) &&
                index_of(&p->b, by_id, samples_b, index);
    if (good) {
        pair_up(p, by_id, samples_a, sizes_a, index);
        count_partners(&p->a, by_id, sizes_b);
        count_partners(&p->b, by_id, sizes_a);
    }
    bco_table_free(sizes_a);
    bco_table_free(sizes_b);
    bco_table_free(index);
    free(samples_a);
    free(samples_b);
    return good ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code no_partner(const struct bco_side_list *list, const struct bco_side *side, const char *other,
                                bool by_id, struct bco_error *err) {
    const char *field = by_id ? "id" : "prompt", *key = by_id ? side->id : side->prompt;
    if (!side->partners)
        return bco_fail_at(err, BCO_EDATA, list->path, side->line, field, "no partner in %s, got %.200s", other, key);
    return bco_fail_at(err, BCO_EDATA, list->path, side->line, field,
                       "no partner: %s has only %zu completion%s of it, got %.200s", other, side->partners,
                       side->partners > 1 ? "s" : "", key);
}

static enum bco_code report_single(struct bco_match *p, const struct bco_side_list *list, const char *other, bool by_id,
                                   struct bco_writer *rejects, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < list->count; i++) {
        const struct bco_side *side = &list->sides[i];
        if (side->paired) continue;
        no_partner(list, side, other, by_id, err);
        code = reject(p, rejects, side->raw, side->raw_length, err);
    }
    return code;
}

/* The same id on other prompts is a mix-up, not a pair. */
static enum bco_code check_prompts(const struct bco_match *p, struct bco_error *err) {
    for (size_t i = 0; i < p->count; i++) {
        const struct bco_side *a = &p->a.sides[p->pairs[i].a], *b = &p->b.sides[p->pairs[i].b];
        if (!bco_hash_equal(a->prompt_key, b->prompt_key))
            return bco_fail_at(err, BCO_EDATA, p->b.path, b->line, "prompt", "not that of id %.100s in %s:%zu", b->id,
                               p->a.path, a->line);
    }
    return BCO_OK;
}

enum bco_code bco_match_open(struct bco_match **pairs, const char *path_a, const char *path_b,
                             struct bco_writer *rejects, struct bco_error *err) {
    *pairs = NULL;
    struct bco_match *p = bco_calloc(1, sizeof *p);
    if (!p) return bco_fail_memory(err);
    enum bco_code code = read_side(p, &p->a, path_a, rejects, err);
    if (!code) code = read_side(p, &p->b, path_b, rejects, err);
    bool by_id = !code && all_have_ids(&p->a) && all_have_ids(&p->b);
    if (!code) code = match(p, by_id, err);
    if (!code) code = check_prompts(p, err);
    if (!code) code = report_single(p, &p->a, path_b, by_id, rejects, err);
    if (!code) code = report_single(p, &p->b, path_a, by_id, rejects, err);
    if (!code && !p->count) code = bco_fail(err, BCO_EDATA, "no record of %s has a partner in %s", path_a, path_b);
    if (code) {
        bco_match_close(p);
        return code;
    }
    *pairs = p;
    return BCO_OK;
}

static void list_free(struct bco_side_list *list) {
    for (size_t i = 0; i < list->count; i++) side_free(&list->sides[i]);
    free(list->sides);
    free(list->path);
}

void bco_match_close(struct bco_match *pairs) {
    if (!pairs) return;
    list_free(&pairs->a);
    list_free(&pairs->b);
    free(pairs->pairs);
    free(pairs);
}

size_t bco_match_count(const struct bco_match *pairs) {
    return pairs->count;
}

uint64_t bco_match_rejected(const struct bco_match *pairs) {
    return pairs->rejected;
}

#include "base/fail.h"
#include "base/mem.h"
#include "data/fields.h"
#include "data/rating.h"
#include "data/record.h"
#include "data/rules.h"
#include "data/table.h"
#include "stream/spool.h"

#include <bco/rank.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* One rated completion; its record lies in the spool as a line of JSON with prompt and completion. */
struct rated {
    uint64_t start;
    double rating;
    uint64_t text; /* fingerprint of the completion */
    uint32_t length;
    uint32_t next; /* of the same group; NONE: the last */
};

struct group {
    uint32_t first, last;
    uint32_t line; /* of the first, in its input */
};

/* What a record in the spool was, behind its line; where a tie may become a reject. Its raw text follows. */
struct origin {
    const char *file;
    size_t line, raw_length;
};

struct input {
    const char *file;
    size_t first; /* of its rated completions */
};

struct run {
    const struct bco_rank_options *options;
    const char *prompt, *rating;
    struct bco_rank_counts *counts;
    struct bco_reader *reader;
    struct bco_writer *out, *rejects; /* `rejects` NULL: none */
    struct bco_rating_rule *rule;
    struct bco_rules *rules;
    struct bco_regex_match *match;
    struct bco_buf room, line;
    struct bco_spool *spool;
    struct bco_table *numbers; /* of groups: uint32_t; while records come */
    struct group *groups;
    size_t group_count, group_capacity;
    struct rated *rated;
    size_t count, capacity;
    struct input *inputs; /* those with rated completions */
    size_t input_count, input_capacity;
    struct rated *sorted; /* of the group at hand */
    size_t sorted_capacity;
};

/* ---- reading ------------------------------------------------------------------------ */

static enum bco_code find_group(struct run *run, struct bco_hash hash, uint32_t line, struct group **group,
                                struct bco_error *err) {
    bool is_new;
    uint32_t number = (uint32_t)run->group_count;
    void *stored = bco_table_put(run->numbers, hash, &is_new);
    if (!stored) return bco_fail_memory(err);
    if (is_new) {
        if (!bco_grow((void **)&run->groups, &run->group_capacity, run->group_count + 1, sizeof *run->groups))
            return bco_fail_memory(err);
        memcpy(stored, &number, sizeof number);
        run->groups[run->group_count++] = (struct group){NONE, NONE, line};
    }
    memcpy(&number, stored, sizeof number);
    *group = &run->groups[number];
    return BCO_OK;
}

static bool note_input(struct run *run, const char *file) {
    if (run->input_count && run->inputs[run->input_count - 1].file == file) return true;
    if (!bco_grow((void **)&run->inputs, &run->input_capacity, run->input_count + 1, sizeof *run->inputs)) return false;
    run->inputs[run->input_count++] = (struct input){file, run->count};
    return true;
}

static bool ties_are_rejected(const struct run *run) {
    return run->rejects && run->options->ties == BCO_RANK_TIES_ERROR;
}

static enum bco_code keep_record(struct run *run, const struct bco_record *record, struct bco_error *err) {
    enum bco_code code = bco_spool_add(run->spool, run->line.data, run->line.length, err);
    if (code != BCO_OK || !ties_are_rejected(run)) return code;
    struct origin origin = {.file = bco_record_file(record), .line = bco_record_line(record)};
    const char *raw = bco_reader_raw(run->reader, &origin.raw_length);
    code = bco_spool_add(run->spool, &origin, sizeof origin, err);
    return code == BCO_OK ? bco_spool_add(run->spool, raw, origin.raw_length, err) : code;
}

static enum bco_code keep(struct run *run, struct rated *rated, struct bco_hash group_hash,
                          const struct bco_record *record, struct bco_error *err) {
    struct group *group = NULL;
    if (run->count == NONE) return bco_fail_memory(err);
    if (!note_input(run, bco_record_file(record))) return bco_fail_memory(err);
    enum bco_code code = find_group(run, group_hash, (uint32_t)bco_record_line(record), &group, err);
    if (code != BCO_OK) return code;
    if (!bco_grow((void **)&run->rated, &run->capacity, run->count + 1, sizeof *run->rated))
        return bco_fail_memory(err);
    rated->start = bco_spool_size(run->spool);
    rated->length = (uint32_t)run->line.length;
    rated->next = NONE;
    if (group->first == NONE)
        group->first = (uint32_t)run->count;
    else
        run->rated[group->last].next = (uint32_t)run->count;
    group->last = (uint32_t)run->count;
    run->rated[run->count++] = *rated;
    return keep_record(run, record, err);
}

static const char *completion_field(const struct run *run, const struct bco_record *record) {
    if (run->options->completion) return run->options->completion;
    if (bco_record_kind(record, "completion") == BCO_MISSING && bco_record_kind(record, "response") != BCO_MISSING)
        return "response";
    return "completion";
}

/* Prompt and completion get their names; the completion's is `chosen`, which is free of every meaning here. */
static enum bco_code rename_fields(struct run *run, struct bco_record *record, const struct bco_value *prompt,
                                   const struct bco_value *completion, struct bco_error *err) {
    static const char *const made[] = {"chosen", "rejected", "rating_chosen", "rating_rejected"};
    const char *const to_prompt[] = {prompt->field, completion->field, NULL};
    const char *const to_made[] = {completion->field, NULL};
    enum bco_code code = bco_target_check(record, "prompt", to_prompt, err);
    for (size_t i = 0; i < sizeof made / sizeof *made && code == BCO_OK; i++)
        code = bco_target_check(record, made[i], to_made, err);
    if (code == BCO_OK) code = bco_value_move(record, completion, "chosen", err);
    if (code == BCO_OK) code = bco_value_move(record, prompt, "prompt", err);
    if (code != BCO_OK) return code;
    bco_buf_clear(&run->line);
    bco_record_write(record, &run->line);
    return run->line.failed || run->line.length > UINT32_MAX ? bco_fail_memory(err) : BCO_OK;
}

static enum bco_code take_record(struct run *run, struct bco_record *record, struct bco_error *err) {
    bool strip = run->options->filter.strip;
    const char *field = completion_field(run, record);
    struct bco_rating rating;
    struct bco_value prompt, completion;
    struct bco_rule_names names = {&prompt, &completion, run->rating};
    struct bco_hash text, group;
    struct rated rated = {0};
    double weight;
    int broken = -1;
    enum bco_code code = bco_rating_judge(run->rule, run->match, record, &rating, err);
    if (code == BCO_OK) code = bco_value_read(record, run->prompt, strip, &prompt, err);
    if (code == BCO_OK) code = bco_value_read(record, field, strip, &completion, err);
    if (code == BCO_OK) code = bco_record_weight(record, "weight", &weight, err);
    if (code == BCO_OK) code = bco_rules_check(run->rules, run->match, &run->room, record, &names, &broken, err);
    if (code == BCO_OK) code = bco_value_hash(&completion, &text, err);
    if (code == BCO_OK)
        code = run->options->group ? bco_field_hash(record, run->options->group, &group, err)
                                   : bco_value_hash(&prompt, &group, err);
    if (code == BCO_OK) code = rename_fields(run, record, &prompt, &completion, err);
    if (code != BCO_OK) return code;
    if (broken >= 0) {
        run->counts->by_rule[broken]++;
        return BCO_OK;
    }
    rated.rating = rating.value;
    rated.text = text.low;
    return keep(run, &rated, group, record, err);
}

static enum bco_code take_all(struct run *run, const struct bco_watch *watch, struct bco_error *err) {
    struct bco_reader *reader = run->reader;
    struct bco_writer *rejects = run->rejects;
    for (;;) {
        struct bco_record *record = NULL;
        struct bco_error why;
        enum bco_code code = bco_reader_next(reader, &record, &why);
        if (code == BCO_OK && !record) return BCO_OK;
        run->counts->in += code != BCO_ESYSTEM && !bco_reader_fatal(reader);
        if (code == BCO_OK) code = take_record(run, record, &why);
        if (code == BCO_EDATA && rejects && !bco_reader_fatal(reader)) {
            struct bco_error reason = why;
            size_t length;
            const char *raw = bco_reader_raw(reader, &length);
            run->counts->rejected++;
            code = bco_writer_reject(rejects, &reason, raw, length, &why);
        }
        if (code != BCO_OK) {
            if (err) *err = why;
            return code;
        }
        if (watch && watch->progress && run->counts->in % 1024 == 0)
            watch->progress(watch->user, run->counts->in, 0, "records");
    }
}

/* ---- pairing ---------------------------------------------------------------------------- */

static enum bco_code load(struct run *run, const struct rated *rated, struct bco_record **record,
                          struct bco_error *err) {
    bco_buf_clear(&run->line);
    char *to = bco_buf_reserve(&run->line, rated->length);
    if (!to) return bco_fail_memory(err);
    enum bco_code code = bco_spool_read(run->spool, rated->start, to, rated->length, err);
    return code == BCO_OK ? bco_record_parse(record, to, rated->length, err) : code;
}

static bool same_field(const struct bco_record *other, const struct bco_field *field) {
    for (size_t i = 0; i < other->count; i++) {
        const struct bco_field *f = &other->fields[i];
        if (f->name_length != field->name_length || memcmp(f->name, field->name, f->name_length) != 0) continue;
        return f->value_length == field->value_length && memcmp(f->value, field->value, f->value_length) == 0;
    }
    return false;
}

/* Of the better record stays what the worse one says as well, its prompt and its completion. */
static void keep_common(struct bco_record *better, const struct bco_record *worse) {
    size_t kept = 0;
    for (size_t i = 0; i < better->count; i++) {
        const struct bco_field *f = &better->fields[i];
        bool own = (f->name_length == 6 && memcmp(f->name, "prompt", 6) == 0) ||
                   (f->name_length == 6 && memcmp(f->name, "chosen", 6) == 0);
        if (own || same_field(worse, f)) better->fields[kept++] = *f;
    }
    better->count = kept;
}

static enum bco_code set_from(struct bco_record *to, const char *target, const struct bco_record *from,
                              const char *field, struct bco_error *err) {
    struct bco_field found;
    if (!bco_record_find(from, field, &found)) return bco_record_missing(from, field, err);
    return bco_record_set_json(to, target, found.value, found.value_length, err);
}

static enum bco_code write_pair(struct run *run, const struct rated *a, const struct rated *b, struct bco_error *err) {
    struct bco_record *better = NULL, *worse = NULL;
    char *rating = NULL;
    size_t length = 0;
    enum bco_code code = load(run, a, &better, err);
    if (code == BCO_OK) code = load(run, b, &worse, err);
    if (code == BCO_OK && !(rating = bco_record_json(better, run->rating, &length))) code = bco_fail_memory(err);
    if (code == BCO_OK) keep_common(better, worse);
    if (code == BCO_OK) code = set_from(better, "rejected", worse, "chosen", err);
    if (code == BCO_OK) code = bco_record_set_json(better, "rating_chosen", rating, length, err);
    if (code == BCO_OK) code = set_from(better, "rating_rejected", worse, run->rating, err);
    if (code == BCO_OK) code = bco_writer_record(run->out, better, err);
    run->counts->out += code == BCO_OK;
    bco_record_free(better);
    bco_record_free(worse);
    free(rating);
    return code;
}

static bool apart(const struct run *run, const struct rated *a, const struct rated *b) {
    double difference = a->rating - b->rating;
    return difference > 0 && difference >= run->options->margin && a->text != b->text;
}

/* Higher ratings first, then the order of the input, which the places in the spool tell. */
static int by_rating(const void *left, const void *right) {
    const struct rated *a = left, *b = right;
    if (a->rating != b->rating) return a->rating > b->rating ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

/* The first of the lowest that is apart from the first of the highest; where their texts are equal the next best. */
static enum bco_code pair_best_worst(struct run *run, size_t count, struct bco_error *err) {
    const struct rated *s = run->sorted, *best = NULL, *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        if (best && s[i].rating - s[count - 1].rating <= best->rating - worst->rating) break;
        for (size_t j = count; j-- > i + 1;) {
            if (best && s[i].rating - s[j].rating < best->rating - worst->rating) break;
            bool better = !best || s[i].rating - s[j].rating > best->rating - worst->rating || best == &s[i];
            if (better && apart(run, &s[i], &s[j])) {
                best = &s[i];
                worst = &s[j];
            }
        }
    }
    return best ? write_pair(run, best, worst, err) : BCO_OK;
}

static enum bco_code pair_all(struct run *run, size_t count, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && code == BCO_OK; j++)
            if (apart(run, &run->sorted[i], &run->sorted[j]))
                code = write_pair(run, &run->sorted[i], &run->sorted[j], err);
    return code;
}

/* The first of each level with the first of the next lower one. */
static enum bco_code pair_adjacent(struct run *run, size_t count, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    size_t level = 0;
    for (size_t i = 1; i < count && code == BCO_OK; i++) {
        if (run->sorted[i].rating == run->sorted[level].rating) continue;
        if (apart(run, &run->sorted[level], &run->sorted[i]))
            code = write_pair(run, &run->sorted[level], &run->sorted[i], err);
        level = i;
    }
    return code;
}

static const char *file_of(const struct run *run, const struct group *group) {
    size_t i = run->input_count;
    while (i > 1 && run->inputs[i - 1].first > group->first) i--;
    return run->inputs[i - 1].file;
}

static enum bco_code reject_rated(struct run *run, const struct rated *rated, const struct bco_error *reason,
                                  struct bco_error *err) {
    struct bco_error placed = *reason;
    struct origin origin;
    uint64_t at = rated->start + rated->length;
    enum bco_code code = bco_spool_read(run->spool, at, &origin, sizeof origin, err);
    if (code != BCO_OK) return code;
    bco_buf_clear(&run->line);
    char *raw = bco_buf_reserve(&run->line, origin.raw_length);
    if (!raw) return bco_fail_memory(err);
    code = bco_spool_read(run->spool, at + sizeof origin, raw, origin.raw_length, err);
    if (code != BCO_OK) return code;
    placed.file[0] = '\0';
    bco_error_place(&placed, origin.file, origin.line, NULL);
    run->counts->rejected++;
    return bco_writer_reject(run->rejects, &placed, raw, origin.raw_length, err);
}

/* Of `count` sorted completions, whose ratings are all equal. */
static enum bco_code settle_tie(struct run *run, const struct group *group, size_t count, struct bco_error *err) {
    struct bco_error reason;
    if (run->options->ties == BCO_RANK_TIES_DROP) {
        run->counts->ties++;
        return BCO_OK;
    }
    enum bco_code code = bco_fail_at(&reason, BCO_EDATA, file_of(run, group), group->line, run->rating,
                                     "all %zu completions of this group have a rating of %g; --ties drop leaves such "
                                     "groups out",
                                     count, run->sorted[0].rating);
    if (!run->rejects) {
        if (err) *err = reason;
        return code;
    }
    code = BCO_OK;
    for (size_t i = 0; i < count && code == BCO_OK; i++) code = reject_rated(run, &run->sorted[i], &reason, err);
    return code;
}

static enum bco_code pair_group(struct run *run, const struct group *group, struct bco_error *err) {
    size_t count = 0;
    for (uint32_t i = group->first; i != NONE; i = run->rated[i].next) {
        if (!bco_grow((void **)&run->sorted, &run->sorted_capacity, count + 1, sizeof *run->sorted))
            return bco_fail_memory(err);
        run->sorted[count++] = run->rated[i];
    }
    run->counts->single += count == 1;
    if (count == 1) return BCO_OK;
    qsort(run->sorted, count, sizeof *run->sorted, by_rating);
    if (run->sorted[0].rating == run->sorted[count - 1].rating) return settle_tie(run, group, count, err);
    uint64_t before = run->counts->out;
    enum bco_code code = BCO_OK;
    switch (run->options->pairs) {
    case BCO_RANK_BEST_WORST: code = pair_best_worst(run, count, err); break;
    case BCO_RANK_ALL: code = pair_all(run, count, err); break;
    case BCO_RANK_ADJACENT: code = pair_adjacent(run, count, err); break;
    }
    run->counts->close += run->counts->out == before;
    return code;
}

/* ---- all together ---------------------------------------------------------------------------- */

static enum bco_code prepare(struct run *run, struct bco_error *err) {
    static const char *const names[] = {"--prompt", "--completion", "--rating"};
    const struct bco_rank_options *o = run->options;
    const struct bco_likert_options rating = {.rating = o->rating, .scale = o->scale};
    run->prompt = o->prompt ? o->prompt : "prompt";
    run->rating = o->rating ? o->rating : "rating";
    const char *const fields[] = {run->prompt, o->completion, run->rating};
    if (bco_fields_differ(names, fields, 3, err) != BCO_OK) return BCO_EUSAGE;
    run->match = bco_regex_match_new();
    run->numbers = bco_table_new(sizeof(uint32_t));
    if (!run->match || !run->numbers) return bco_fail_memory(err);
    if (!(o->margin >= 0)) return bco_fail(err, BCO_EUSAGE, "--margin: got %g, expected 0 or more", o->margin);
    enum bco_code code = bco_rating_rule_new(&run->rule, &rating, false, err);
    if (code == BCO_OK) code = bco_rules_new(&run->rules, &o->filter, err);
    return code == BCO_OK ? bco_spool_open(&run->spool, o->filter.folder ? o->filter.folder : "/tmp", err) : code;
}

enum bco_code bco_rank_run(const struct bco_rank_options *options, struct bco_reader *reader, struct bco_writer *out,
                           struct bco_writer *rejects, struct bco_rank_counts *counts, const struct bco_watch *watch,
                           struct bco_error *err) {
    struct run run = {.options = options, .counts = counts, .reader = reader, .out = out, .rejects = rejects};
    *counts = (struct bco_rank_counts){0};
    enum bco_code code = prepare(&run, err);
    if (code == BCO_OK) code = take_all(&run, watch, err);
    if (code == BCO_OK && counts->in == 0) code = bco_fail(err, BCO_EDATA, "no records");
    counts->groups = run.group_count;
    bco_table_free(run.numbers);
    run.numbers = NULL;
    for (size_t i = 0; i < run.group_count && code == BCO_OK; i++) code = pair_group(&run, &run.groups[i], err);
    if (code == BCO_OK && counts->out == 0)
        code = bco_fail(err, BCO_EDATA, "no pairs: no two completions of a group have ratings that differ enough");
    bco_rating_rule_free(run.rule);
    bco_rules_free(run.rules);
    bco_regex_match_free(run.match);
    bco_spool_close(run.spool);
    bco_table_free(run.numbers);
    bco_buf_free(&run.room);
    bco_buf_free(&run.line);
    free(run.groups);
    free(run.rated);
    free(run.inputs);
    free(run.sorted);
    return code;
}

#include "data/fields.h"
#include "data/filter.h"
#include "data/queue.h"
#include "data/rating.h"
#include "data/record.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bco_likert {
    struct bco_likert_options options;
    struct bco_rating_rule *rating;
};

void bco_likert_free(struct bco_likert *rule) {
    if (!rule) return;
    bco_rating_rule_free(rule->rating);
    free(rule);
}

/* Each field has one use. */
static enum bco_code check_fields(const struct bco_likert_options *options, struct bco_error *err) {
    const char *const names[] = {"--prompt", "--completion", "--rating"};
    const char *const fields[] = {options->prompt, options->completion, options->rating};
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            if (fields[i] && fields[j] && strcmp(fields[i], fields[j]) == 0)
                return bco_fail(err, BCO_EUSAGE, "%s and %s are both '%s'", names[i], names[j], fields[i]);
    return BCO_OK;
}

enum bco_code bco_likert_new(struct bco_likert **rule, const struct bco_likert_options *options,
                             struct bco_error *err) {
    struct bco_likert *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    made->options = *options;
    if (!made->options.prompt) made->options.prompt = "prompt";
    if (!made->options.rating) made->options.rating = "rating";
    enum bco_code code = bco_rating_rule_new(&made->rating, options, err);
    if (code == BCO_OK) code = check_fields(&made->options, err);
    if (code != BCO_OK)
        bco_likert_free(made);
    else
        *rule = made;
    return code;
}

/* ---- one record ------------------------------------------------------------------ */

/* Where the completion is: the field asked for, else the first of the usual two that is there. */
static const char *completion_field(const struct bco_likert *rule, const struct bco_record *record) {
    if (rule->options.completion) return rule->options.completion;
    if (bco_record_kind(record, "completion") == BCO_MISSING && bco_record_kind(record, "response") != BCO_MISSING)
        return "response";
    return "completion";
}

static enum bco_code read_weight(const struct bco_likert *rule, const struct bco_record *record, double *weight,
                                 struct bco_error *err) {
    *weight = 1;
    if (rule->options.filter.balance != BCO_BALANCE_WEIGHT || bco_record_kind(record, "weight") == BCO_MISSING)
        return BCO_OK;
    if (bco_record_number(record, "weight", weight) && isfinite(*weight) && *weight >= 0) return BCO_OK;
    return bco_record_fail(record, "weight", err, "not a weight, expected a number of 0 or more");
}

/* Fingerprints of the texts; the pair's is that of the two together. */
static enum bco_code fingerprint(const struct bco_record *record, const char *prompt, const char *completion,
                                 struct bco_item *item, struct bco_error *err) {
    struct bco_hash parts[2];
    enum bco_code code = bco_field_fingerprint(record, prompt, &parts[0], err);
    if (code == BCO_OK) code = bco_field_fingerprint(record, completion, &parts[1], err);
    if (code != BCO_OK) return code;
    item->prompt = parts[0];
    item->completion = parts[1].low;
    item->text = bco_hash_bytes(parts, sizeof parts, 0);
    return BCO_OK;
}

/* A field that the output needs must not be there already, unless it is what a source renames away. */
static enum bco_code check_free(const struct bco_record *record, const char *target, const char *prompt,
                                const char *completion, struct bco_error *err) {
    if (strcmp(prompt, target) == 0 || strcmp(completion, target) == 0 || !bco_field_is_key(record, target))
        return BCO_OK;
    return bco_record_fail(record, target, err, "is there already, and '%s' should become it",
                           strcmp(target, "prompt") == 0 ? prompt : completion);
}

/* Another label would be lost, unless it is the rating itself. */
static enum bco_code check_label(const struct bco_likert *rule, const struct bco_record *record, const char *prompt,
                                 const char *completion, struct bco_error *err) {
    if (strcmp(rule->options.rating, "label") == 0 || strcmp(prompt, "label") == 0 || strcmp(completion, "label") == 0)
        return BCO_OK;
    if (!bco_field_is_key(record, "label")) return BCO_OK;
    return bco_record_fail(record, "label", err, "is there already, and the rating '%s' should become it",
                           rule->options.rating);
}

/* A third name helps where the two stand in each other's place. */
static enum bco_code move_fields(struct bco_record *record, const char *prompt, const char *completion,
                                 struct bco_error *err) {
    static const char third[] = "\x7f";
    enum bco_code code = BCO_OK;
    if (strcmp(completion, "prompt") == 0) {
        code = bco_field_move(record, completion, third, err);
        completion = third;
    }
    if (code == BCO_OK) code = bco_field_move(record, prompt, "prompt", err);
    if (code == BCO_OK) code = bco_field_move(record, completion, "completion", err);
    return code;
}

static enum bco_code convert(const struct bco_likert *rule, struct bco_record *record, const char *completion, bool up,
                             struct bco_error *err) {
    const char *prompt = rule->options.prompt;
    enum bco_code code = check_free(record, "prompt", prompt, completion, err);
    if (code == BCO_OK) code = check_free(record, "completion", prompt, completion, err);
    if (code == BCO_OK) code = check_label(rule, record, prompt, completion, err);
    if (code == BCO_OK) code = move_fields(record, prompt, completion, err);
    if (code == BCO_OK) code = bco_record_set_bool(record, "label", up, err);
    return code;
}

/* What one record comes to; `line` gets its output. *dropped: its rating says so. */
static enum bco_code judge(const struct bco_likert *rule, struct bco_match *match, struct bco_record *record,
                           struct bco_item *item, struct bco_buf *line, bool *dropped, struct bco_error *err) {
    struct bco_rating rating;
    const char *completion = completion_field(rule, record);
    enum bco_code code = bco_rating_judge(rule->rating, match, record, &rating, err);
    if (code == BCO_OK) code = read_weight(rule, record, &item->weight, err);
    if (code == BCO_OK) code = fingerprint(record, rule->options.prompt, completion, item, err);
    if (code != BCO_OK) return code;
    *dropped = rating.meaning == BCO_MEANS_DROP;
    item->rating = rating.identity;
    item->up = rating.meaning == BCO_MEANS_UP;
    code = convert(rule, record, completion, item->up, err);
    if (code != BCO_OK || *dropped) return code;
    bco_record_write(record, line);
    bco_buf_char(line, '\n');
    return line->failed ? bco_fail_memory(err) : BCO_OK;
}

/* ---- all records -------------------------------------------------------------------- */

struct run {
    const struct bco_likert *rule;
    struct bco_reader *reader;
    struct bco_queue *queue;
    struct bco_filter_counts *counts;
    struct bco_match *match;
    bool wants_raw;
};

/* A good record to the queue; BCO_EDATA with *bad: it is none. */
static enum bco_code take_record(struct run *run, struct bco_record *record, bool *bad, struct bco_error *err) {
    struct bco_item item = {.file = bco_record_file(record), .number = bco_record_line(record)};
    bool dropped = false;
    enum bco_code code = judge(run->rule, run->match, record, &item, bco_queue_line(run->queue), &dropped, err);
    *bad = code == BCO_EDATA;
    if (code != BCO_OK) {
        bco_queue_cancel(run->queue);
        return code;
    }
    run->counts->by_rating += dropped;
    if (dropped) return BCO_OK;
    if (run->wants_raw) item.raw = bco_reader_raw(run->reader, &item.raw_length);
    return bco_queue_add(run->queue, &item, err);
}

static enum bco_code reject(struct run *run, const struct bco_error *reason, struct bco_error *err) {
    size_t length;
    const char *raw = bco_reader_raw(run->reader, &length);
    return bco_queue_reject(run->queue, reason, raw, length, err);
}

static enum bco_code take_all(struct run *run, const struct bco_watch *watch, struct bco_error *err) {
    for (;;) {
        struct bco_record *record = NULL;
        struct bco_error reason;
        enum bco_code code = bco_reader_next(run->reader, &record, &reason);
        if (code == BCO_OK && !record) return BCO_OK;
        bool bad = code == BCO_EDATA && !bco_reader_fatal(run->reader);
        run->counts->in += code == BCO_OK || bad;
        if (code == BCO_OK) code = take_record(run, record, &bad, &reason);
        if (bad) code = reject(run, &reason, &reason);
        if (code != BCO_OK) {
            if (err) *err = reason;
            return code;
        }
        if (watch && watch->progress && run->counts->in % 1024 == 0)
            watch->progress(watch->user, run->counts->in, 0, "records");
    }
}

/* What is in the queue comes before what ended the reading. */
static enum bco_code finish(struct run *run, struct bco_filter *filter, enum bco_code code, struct bco_error *err) {
    struct bco_error first;
    enum bco_code earlier = bco_queue_finish(run->queue, &first);
    if (earlier != BCO_OK) {
        if (err) *err = first;
        return earlier;
    }
    return code == BCO_OK ? bco_filter_finish(filter, err) : code;
}

enum bco_code bco_likert_run(const struct bco_likert *rule, struct bco_reader *reader, struct bco_writer *out,
                             struct bco_writer *rejects, struct bco_filter_counts *counts,
                             const struct bco_watch *watch, struct bco_error *err) {
    struct run run = {.rule = rule, .reader = reader, .counts = counts};
    struct bco_filter *filter = NULL;
    *counts = (struct bco_filter_counts){0};
    run.match = bco_match_new();
    enum bco_code code = run.match ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK) code = bco_filter_new(&filter, &rule->options.filter, out, rejects, counts, err);
    if (code == BCO_OK) code = bco_queue_new(&run.queue, filter, rule->options.filter.threads, err);
    if (code == BCO_OK) {
        run.wants_raw = bco_filter_wants_raw(filter);
        code = take_all(&run, watch, err);
        code = finish(&run, filter, code, err);
    }
    bco_queue_free(run.queue);
    bco_filter_free(filter);
    bco_match_free(run.match);
    return code;
}

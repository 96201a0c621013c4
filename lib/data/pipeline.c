#include "data/pipeline.h"

#include "base/fail.h"
#include "data/queue.h"
#include "data/record.h"

#include <stdlib.h>

struct run {
    const struct bco_pipeline *of;
    struct bco_reader *reader;
    struct bco_queue *queue;
    struct bco_judging judging;
    bool wants_raw;
};

enum bco_code bco_judging_emit(struct bco_judging *judging, const struct bco_item *item,
                               const struct bco_record *record, struct bco_error *err) {
    struct bco_item *made = &judging->items[judging->count++];
    size_t before = judging->lines->length;
    *made = *item;
    made->file = bco_record_file(record);
    made->number = bco_record_line(record);
    bco_record_write(record, judging->lines);
    bco_buf_char(judging->lines, '\n');
    made->line_length = judging->lines->length - before;
    return judging->lines->failed ? bco_fail_memory(err) : BCO_OK;
}

enum bco_code bco_item_hash(struct bco_item *item, const struct bco_value *prompt, const struct bco_value *completion,
                            struct bco_error *err) {
    struct bco_hash parts[2];
    enum bco_code code = bco_value_hash(prompt, &parts[0], err);
    if (code == BCO_OK) code = bco_value_hash(completion, &parts[1], err);
    if (code != BCO_OK) return code;
    item->prompt = parts[0];
    item->completion = parts[1].low;
    item->text = bco_hash_bytes(parts, sizeof parts, 0);
    return BCO_OK;
}

/* BCO_EDATA with *bad: the record is bad. Without: the filter ended the run. */
static enum bco_code take_record(struct run *run, struct bco_record *record, bool *bad, struct bco_error *err) {
    struct bco_judging *judging = &run->judging;
    judging->lines = bco_queue_lines(run->queue);
    judging->count = 0;
    enum bco_code code = run->of->judge(run->of->rule, judging, record, err);
    *bad = code == BCO_EDATA;
    if (code != BCO_OK || !judging->count) {
        bco_queue_cancel(run->queue);
        return code;
    }
    for (size_t i = 0; run->wants_raw && i < judging->count; i++)
        judging->items[i].raw = bco_reader_raw(run->reader, &judging->items[i].raw_length);
    return bco_queue_add(run->queue, judging->items, judging->count, err);
}

static enum bco_code reject(struct run *run, const struct bco_error *reason, struct bco_error *err) {
    size_t length;
    const char *raw = bco_reader_raw(run->reader, &length);
    return bco_queue_reject(run->queue, reason, raw, length, err);
}

static enum bco_code take_all(struct run *run, const struct bco_watch *watch, struct bco_error *err) {
    uint64_t *in = &run->judging.counts->in;
    for (;;) {
        struct bco_record *record = NULL;
        struct bco_error reason;
        enum bco_code code = bco_reader_next(run->reader, &record, &reason);
        if (code == BCO_OK && !record) return BCO_OK;
        bool bad = code == BCO_EDATA && !bco_reader_fatal(run->reader);
        *in += code == BCO_OK || bad;
        bco_queue_foresee(run->queue, bco_reader_share(run->reader));
        if (code == BCO_OK) code = take_record(run, record, &bad, &reason);
        if (bad) code = reject(run, &reason, &reason);
        if (code != BCO_OK) {
            if (err) *err = reason;
            return code;
        }
        if (watch && watch->progress && *in % 1024 == 0) watch->progress(watch->user, *in, 0, "records");
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

enum bco_code bco_pipeline_run(const struct bco_pipeline *p, struct bco_filter_counts *counts, struct bco_error *err) {
    struct run run = {.of = p, .reader = p->reader, .judging = {.rules = p->rules, .counts = counts}};
    struct bco_filter *filter = NULL;
    *counts = (struct bco_filter_counts){0};
    run.judging.match = bco_regex_match_new();
    enum bco_code code = run.judging.match ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK) code = bco_filter_new(&filter, p->options, p->groups, p->out, p->rejects, counts, err);
    if (code == BCO_OK) code = bco_queue_new(&run.queue, filter, p->options->threads, err);
    if (code == BCO_OK) {
        run.wants_raw = bco_filter_wants_raw(filter);
        code = take_all(&run, p->watch, err);
        code = finish(&run, filter, code, err);
    }
    bco_queue_free(run.queue);
    bco_filter_free(filter);
    bco_regex_match_free(run.judging.match);
    bco_buf_free(&run.judging.room);
    return code;
}

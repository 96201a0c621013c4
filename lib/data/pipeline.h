/* What every converter does: read a record, judge it, hand what comes of it to
 * the filter; bad records to the rejects; count. */
#ifndef BCO_DATA_PIPELINE_H
#define BCO_DATA_PIPELINE_H

#include "base/buf.h"
#include "data/fields.h"
#include "data/filter.h"
#include "data/regex.h"
#include "data/rules.h"

#include <bco/watch.h>

enum { BCO_ITEMS = 2, BCO_PLACES = 5 }; /* items that one record may become */

/* What judging needs, and what it leaves. */
struct bco_judging {
    struct bco_regex_match *match;
    struct bco_buf room;           /* for what is needed in passing */
    const struct bco_rules *rules; /* NULL: none */
    struct bco_filter_counts *counts;
    struct bco_buf *lines;     /* a line for each item, appended */
    uint64_t shape;            /* of the record before, where `places` holds what was found out about it; else 0 */
    size_t places[BCO_PLACES]; /* the judge's own */
    struct bco_item items[BCO_ITEMS];
    size_t count; /* 0: the record is left out, and counted */
};

/* Judges one record. BCO_EDATA: a bad one. */
typedef enum bco_code bco_judge(const void *rule, struct bco_judging *judging, struct bco_record *record,
                                struct bco_error *err);

struct bco_pipeline {
    bco_judge *judge;
    const void *rule;              /* for `judge` */
    const struct bco_rules *rules; /* NULL: none */
    const struct bco_filter_options *options;
    const struct bco_groups *groups; /* NULL: one group */
    struct bco_reader *reader;
    struct bco_writer *out, *rejects; /* `rejects` NULL: the first bad record ends the run */
    const struct bco_watch *watch;    /* NULL: nobody watches */
};

enum bco_code bco_pipeline_run(const struct bco_pipeline *pipeline, struct bco_filter_counts *counts,
                               struct bco_error *err);

/* Appends the record as the line of the next item, which is otherwise filled in: item count grows. */
enum bco_code bco_judging_emit(struct bco_judging *judging, const struct bco_item *item,
                               const struct bco_record *record, struct bco_error *err);

/* Fingerprints of prompt, completion and the two together, into `item`. */
enum bco_code bco_item_hash(struct bco_item *item, const struct bco_value *prompt, const struct bco_value *completion,
                            struct bco_error *err);

#endif

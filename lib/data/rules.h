/* Text rules: which records stay for what their texts say. */
#ifndef BCO_DATA_RULES_H
#define BCO_DATA_RULES_H

#include "base/buf.h"
#include "data/fields.h"
#include "data/regex.h"

#include <bco/filter.h>
#include <bco/record.h>

struct bco_rules;

/* Of `options`: keep, reject, min_chars, max_chars. */
enum bco_code bco_rules_new(struct bco_rules **rules, const struct bco_filter_options *options, struct bco_error *err);
void bco_rules_free(struct bco_rules *rules);

/* What the names prompt, completion and rating stand for where a record has no such field. */
struct bco_rule_names {
    const struct bco_value *prompt, *completion;
    const char *rating; /* NULL: nothing */
};

/* *broken: the first rule (its place in bco_filter_counts.by_rule) that leaves the record out, -1: none does.
 * `match` and `room` are this thread's. BCO_EDATA: an expression gave up. */
enum bco_code bco_rules_check(const struct bco_rules *rules, struct bco_regex_match *match, struct bco_buf *room,
                              const struct bco_record *record, const struct bco_rule_names *names, int *broken,
                              struct bco_error *err);

#endif

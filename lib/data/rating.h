/* From what a record says as its rating to up, down or drop. */
#ifndef BCO_DATA_RATING_H
#define BCO_DATA_RATING_H

#include "data/regex.h"

#include <bco/likert.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdint.h>

enum bco_meaning { BCO_MEANS_UP, BCO_MEANS_DOWN, BCO_MEANS_DROP };

struct bco_rating_rule;

/* Of `options`: rating, scale, up, down, drop, map, rating_regex. `hint`: messages may name --map. */
enum bco_code bco_rating_rule_new(struct bco_rating_rule **rule, const struct bco_likert_options *options, bool hint,
                                  struct bco_error *err);
void bco_rating_rule_free(struct bco_rating_rule *rule);

struct bco_rating {
    enum bco_meaning meaning;
    uint64_t identity; /* equal for equal ratings */
    double value;      /* of a number; NaN of a word */
};

/* BCO_EDATA: no rating, or one that the rule does not know; the error has its place. `match`: this thread's. */
enum bco_code bco_rating_judge(const struct bco_rating_rule *rule, struct bco_regex_match *match,
                               const struct bco_record *record, struct bco_rating *rating, struct bco_error *err);

/* Of the field that was found under the rating's name. */
struct bco_field;
enum bco_code bco_rating_judge_field(const struct bco_rating_rule *rule, struct bco_regex_match *match,
                                     const struct bco_record *record, const struct bco_field *field,
                                     struct bco_rating *rating, struct bco_error *err);

/* Says by `watch` which ranges no rating can be in, as they lie outside the scale. */
void bco_rating_rule_warn(const struct bco_rating_rule *rule, const struct bco_watch *watch);

#endif

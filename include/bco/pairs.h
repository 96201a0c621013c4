/* Pairs to binary records: what pair2bin(1) does. */
#ifndef BCO_PAIRS_H
#define BCO_PAIRS_H

#include <bco/error.h>
#include <bco/filter.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both completions of a tie: left out, both up, both down, or a bad record. */
enum bco_ties { BCO_TIES_DROP, BCO_TIES_UP, BCO_TIES_DOWN, BCO_TIES_ERROR };

/* Every string may be NULL for its default; they must live as long as the rule. Fields are keys or dotted
 * paths. Where `a`, `b` or `preference` is given, or a record lacks one of `chosen` and `rejected`,
 * the preference tells which is which. */
struct bco_pairs_options {
    const char *prompt;     /* "prompt" */
    const char *chosen;     /* "chosen" */
    const char *rejected;   /* "rejected" */
    const char *a;          /* "response_a" */
    const char *b;          /* "response_b" */
    const char *preference; /* "preference" */
    const char *prefer;     /* WORD=a|b|tie,...: "a=a,b=b,tie=tie,1=a,2=b,0=tie" */
    enum bco_ties ties;
    bool implicit_prompt;     /* no prompt field: both sides are whole dialogues that begin with it */
    const char *weight_field; /* becomes `weight`; NULL: none */
    struct bco_filter_options filter;
};

struct bco_pairs;

/* Checks and compiles the options. BCO_EUSAGE: one of them is wrong. */
BCO_API enum bco_code bco_pairs_new(struct bco_pairs **rule, const struct bco_pairs_options *options,
                                    struct bco_error *err);
BCO_API void bco_pairs_free(struct bco_pairs *rule); /* NULL is legal */

/* As bco_likert_run: reads every record of `reader`, writes two binary records of each to `out`. */
BCO_API enum bco_code bco_pairs_run(const struct bco_pairs *rule, struct bco_reader *reader, struct bco_writer *out,
                                    struct bco_writer *rejects, struct bco_filter_counts *counts,
                                    const struct bco_watch *watch, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

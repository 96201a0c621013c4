/* Ratings to binary records: what likert2bin(1) does. */
#ifndef BCO_LIKERT_H
#define BCO_LIKERT_H

#include <bco/error.h>
#include <bco/filter.h>
#include <bco/record.h>
#include <bco/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every string may be NULL for its default; they must live as long as the rule. Fields are
 * keys or dotted paths; scale, ranges and words are spelled as on likert2bin's command line. */
struct bco_likert_options {
    const char *prompt;       /* "prompt" */
    const char *completion;   /* "completion", where it is not there "response" */
    const char *rating;       /* "rating" */
    const char *scale;        /* "1-5" */
    const char *up;           /* ranges: the top of the scale */
    const char *down;         /* all the rest of the scale */
    const char *drop;         /* nothing */
    const char *map;          /* WORD=up|down|drop,... */
    const char *rating_regex; /* the rating is its first group in the field's text */
    struct bco_filter_options filter;
};

struct bco_likert;

/* Checks and compiles the options. BCO_EUSAGE: one of them is wrong. */
BCO_API enum bco_code bco_likert_new(struct bco_likert **rule, const struct bco_likert_options *options,
                                     struct bco_error *err);
BCO_API void bco_likert_free(struct bco_likert *rule); /* NULL is legal */

/* Reads every record of `reader`, writes binary records to `out`. Bad records go
 * to `rejects`; NULL: the first one ends the run with BCO_EDATA. `counts` is filled on errors too.
 * Opens and closes nothing. BCO_EDATA also where there are no records, or where a class has none
 * and balance was asked for. */
BCO_API enum bco_code bco_likert_run(const struct bco_likert *rule, struct bco_reader *reader, struct bco_writer *out,
                                     struct bco_writer *rejects, struct bco_filter_counts *counts,
                                     const struct bco_watch *watch, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

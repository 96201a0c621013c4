/* Figures of binary and pair records, and gates on them: what binstat(1) does. */
#ifndef BCO_STAT_H
#define BCO_STAT_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Quantiles between two lengths are interpolated; all NaN where there is none. */
struct bco_lengths {
    double min, p25, p50, p75, p95, max, mean; /* code points */
};

enum { BCO_LENGTH_BINS = 33 }; /* bin 0: length 0; bin i: 2^(i-1) to 2^i - 1 code points */

/* A pair counts as one record with two completions: an up and a down. Counts are doubles
 * so that gates and JSON treat all figures alike. */
struct bco_stat {
    double records;
    double up, down;               /* completions */
    double up_share;               /* up / (up + down); NaN where there are none */
    double prompts;                /* distinct */
    double completions_per_prompt; /* completions / prompts; NaN where there are none */
    double prompts_both_labels;    /* prompts with an up and a down */
    double duplicates;             /* completions - distinct (prompt, completion, label) */
    double conflicts;              /* (prompt, completion) with both labels */
    double missing_reference;      /* records without ref_logp (pairs: without both) */
    double weight_up, weight_down; /* sums of weights */
    struct bco_lengths prompt_chars, completion_chars;
    uint64_t rejected;
    uint64_t prompt_bins[BCO_LENGTH_BINS], completion_bins[BCO_LENGTH_BINS];
};

/* Reads every record of `reader`; a label may be missing. Bad records go to `rejects`; NULL: the first
 * ends the run. BCO_EDATA also where there are no records. */
BCO_API enum bco_code bco_stat_run(struct bco_reader *reader, struct bco_writer *rejects, struct bco_stat *stat,
                                   const struct bco_watch *watch, struct bco_error *err);

/* One line of JSON; NaN is null. */
BCO_API enum bco_code bco_stat_write_json(const struct bco_stat *stat, struct bco_writer *out, struct bco_error *err);

/* A table for people, at most 80 columns wide; `histogram` adds one of each kind of length. */
BCO_API enum bco_code bco_stat_write_table(const struct bco_stat *stat, bool histogram, struct bco_writer *out,
                                           struct bco_error *err);

/* Checks comparisons (< <= = == != >= >) of figures and numbers, joined by `and`, `or` and brackets:
 * "records >= 1000 and up_share > 0.2". Figures are named as in the JSON, "prompt_chars.p95". A figure that
 * is NaN makes every comparison false. BCO_EUSAGE: the expression is wrong; BCO_EDATA: it
 * does not hold, and err says why. `stat` NULL: only the expression is checked. */
BCO_API enum bco_code bco_stat_require(const struct bco_stat *stat, const char *expression, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

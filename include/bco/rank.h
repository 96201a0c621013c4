/* Ratings of completions that share a prompt to pair records: what likert2pair(1) does. */
#ifndef BCO_RANK_H
#define BCO_RANK_H

#include <bco/error.h>
#include <bco/filter.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which completions of a group make pairs. BEST_WORST: one pair, of the highest and the lowest rating.
 * ALL: every two with different ratings. ADJACENT: each level with the next lower one. Of
 * equal ratings the first one counts; a completion makes no pair with its own text. */
enum bco_rank_pairs { BCO_RANK_BEST_WORST, BCO_RANK_ALL, BCO_RANK_ADJACENT };

/* A group that has two completions or more, all rated the same. ERROR: its records are bad ones. */
enum bco_rank_ties { BCO_RANK_TIES_DROP, BCO_RANK_TIES_ERROR };

/* Strings may be NULL for their default; fields are keys or dotted paths. Of `filter` the text
 * rules and `folder` count. */
struct bco_rank_options {
    const char *prompt;     /* "prompt" */
    const char *completion; /* "completion", where it is not there "response" */
    const char *rating;     /* "rating" */
    const char *scale;      /* "1-5" */
    const char *group;      /* the prompt */
    enum bco_rank_pairs pairs;
    enum bco_rank_ties ties;
    double margin; /* the least difference of ratings; equal ones never make a pair */
    struct bco_filter_options filter;
};

struct bco_rank_counts {
    uint64_t in, out; /* records, pairs */
    uint64_t rejected;
    uint64_t by_rule[BCO_RULE_COUNT]; /* records left out, as in struct bco_filter_counts */
    uint64_t groups;
    uint64_t single; /* groups of one completion */
    uint64_t ties;   /* groups of equal ratings, where they are dropped */
    uint64_t close;  /* other groups without a pair: the margin, or the same text twice */
};

/* Reads every record of `reader`, then writes the pairs to `out`, groups in the order of their first record. The
 * fields that both records of a pair have with the same value stay. Bad records go to `rejects`; NULL: the first
 * ends the run. */
BCO_API enum bco_code bco_rank_run(const struct bco_rank_options *options, struct bco_reader *reader,
                                   struct bco_writer *out, struct bco_writer *rejects, struct bco_rank_counts *counts,
                                   const struct bco_watch *watch, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

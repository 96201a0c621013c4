/* Rewards: records in, the same with rewards out, and what the rewards are
 * worth where people's labels or preferences are known. */
#ifndef BCO_REWARD_H
#define BCO_REWARD_H

#include <bco/error.h>
#include <bco/model.h>
#include <bco/record.h>
#include <bco/sequence.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- how good rewards are -------------------------------------------------------- */

/* Rewards with what people said. Any number of them, in any order. */
struct bco_scores;
BCO_API enum bco_code bco_scores_new(struct bco_scores **scores, struct bco_error *err);
BCO_API void bco_scores_free(struct bco_scores *scores); /* NULL is legal */
/* `reward` and `chosen - rejected` must be finite: BCO_EDATA. */
BCO_API enum bco_code bco_scores_add(struct bco_scores *scores, double reward, bool up, struct bco_error *err);
BCO_API enum bco_code bco_scores_add_pair(struct bco_scores *scores, double chosen, double rejected,
                                          struct bco_error *err);

#define BCO_RELIABILITY_BINS 10

/* Records whose sigmoid(reward - threshold) lies from b/10 to (b + 1)/10. */
struct bco_reliability {
    uint64_t n;
    double p;  /* the mean of sigmoid(reward - threshold); NaN where n is 0 */
    double up; /* the share of ups; NaN where n is 0 */
};

/* NaN: there is nothing to tell it from. */
struct bco_scores_summary {
    uint64_t n, up, down;          /* labelled records */
    double reward_up, reward_down; /* the means */
    double threshold;              /* as it was given: what is above it counts as up */
    double accuracy;               /* the share with (reward > threshold) = label */
    double auc;                    /* P(reward of an up > reward of a down), equal ones counting half: exact */
    double best_threshold; /* the least reward t for which (reward >= t) = label is most often true; NaN: calling all
                              down is best */
    double best_accuracy;  /* that share, 0 to 1: an upper bound, as it is chosen on these records */
    double ece;            /* expected calibration error: sum over bins of n_b/n |up_b - p_b| (Guo et al. 2017) */
    struct bco_reliability bins[BCO_RELIABILITY_BINS];
    uint64_t pairs, pair_ties; /* ties: equal rewards */
    double pair_accuracy;      /* the share with chosen > rejected; ties count half */
    double pair_margin;        /* the mean of chosen - rejected */
};

BCO_API enum bco_code bco_scores_summarise(const struct bco_scores *scores, double threshold,
                                           struct bco_scores_summary *summary, struct bco_error *err);

/* ---- rewards of records --------------------------------------------------------------- */

/* What a run works with, and how. Everything it points to is the caller's. */
struct bco_reward {
    struct bco_model *model;               /* the policy, or a classifier */
    const struct bco_tokenizer *tokenizer; /* NULL where limits.ids */
    struct bco_reader *reader;
    struct bco_writer *writer;  /* NULL: only the scores are wanted */
    struct bco_writer *rejects; /* NULL: the first bad record is an error */
    struct bco_scores *scores;  /* gets what has a label or is a pair; NULL: nobody asks */
    double beta;                /* 0: 0.1; not used by a classifier */
    bool allow_mixed;           /* references of another precision than the model's are accepted */
    /* What is not given is taken from the first record's ref_id, or else is as in bco_refcache_limits. */
    struct bco_limits limits;
    bool max_length_given, max_prompt_given, overlong_given, bos_given, eos_given;
    size_t batch_tokens; /* tokens computed at once, unless one sequence has more; 0: 4096 */
};

struct bco_reward_counts {
    uint64_t in, out, rejected; /* records */
    uint64_t up, down, pairs;   /* of those that came out: with a label, pairs */
    uint64_t tokens;            /* that went through the model */
    struct bco_cuts cuts;
};

/* Reads all records, writes them in their order with `reward` (pairs: reward_chosen, reward_rejected):
 * beta * (logp - ref_logp), nats times beta; or a classifier's score. BCO_EDATA: a record without ref_logp (but for a
 * classifier), or with a ref_id that does not fit the tokenizer, the limits or the other records. Labels may be
 * missing. `counts` is filled on errors too. */
BCO_API enum bco_code bco_reward_run(const struct bco_reward *reward, const struct bco_watch *watch,
                                     struct bco_reward_counts *counts, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

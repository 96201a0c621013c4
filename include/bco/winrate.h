/* Win rates: how often A's completion was found better than B's, and how sure
 * that is. Verdicts go in one by one, grouped if one likes; a win rate with its
 * standard error and interval comes out for each group, at equal length too, and
 * compared with another collection's. */
#ifndef BCO_WINRATE_H
#define BCO_WINRATE_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bco_verdict_format {
    BCO_VERDICTS_AUTO, /* by the first record: `winner` is a verdict, `preference` an AlpacaEval annotation */
    BCO_VERDICTS, /* {"prompt","winner":"a|b|tie"|null}, as bco-judge(1) writes them; also A>>B, A>B, A=B, B>A, B>>A */
    BCO_VERDICTS_ALPACA, /* AlpacaEval: A is output_2, y = preference - 1; 0 means 1.5; null is invalid */
};

struct bco_verdicts;

/* An empty collection. `by` names the field whose value is a verdict's group;
 * NULL: all are one group. Both are copied. */
BCO_API enum bco_code bco_verdicts_new(struct bco_verdicts **verdicts, enum bco_verdict_format format, const char *by,
                                       struct bco_error *err);
BCO_API void bco_verdicts_free(struct bco_verdicts *verdicts); /* NULL is legal */

/* To be called before the first record is added. Records must have the two
 * completions' lengths: length_a and length_b; of annotations length_model and
 * length_baseline, else the texts output_2 and output_1 (code points count). */
BCO_API void bco_verdicts_want_lengths(struct bco_verdicts *verdicts);
/* The same: Arena-Hard's A>>B and B>>A count `weight` (> 0) times; 1 without this call. */
BCO_API void bco_verdicts_weigh_strong(struct bco_verdicts *verdicts, double weight);

/* Takes in one record. The prompt is `prompt`; of annotations `instruction`, else
 * `index`, else `row`, else the record stands for a prompt of its own. BCO_EDATA:
 * the record is no verdict, err says why, and nothing was added. */
BCO_API enum bco_code bco_verdicts_add(struct bco_verdicts *verdicts, const struct bco_record *record,
                                       struct bco_error *err);

BCO_API size_t bco_verdicts_groups(const struct bco_verdicts *verdicts); /* in the order they were met */
/* The group's value of `by` as JSON text (`"phi-2"`, `3`); "null" without `by`. */
BCO_API const char *bco_verdicts_group(const struct bco_verdicts *verdicts, size_t group);
/* False: no group has this name (JSON text). */
BCO_API bool bco_verdicts_find(const struct bco_verdicts *verdicts, const char *name, size_t *group);
BCO_API uint64_t bco_verdicts_repeated(const struct bco_verdicts *verdicts); /* records equal to an earlier one */
BCO_API size_t bco_verdicts_judges(const struct bco_verdicts *verdicts);     /* different values of `judge` */
/* Have both collections the same values of `judge`? A record without one has a judge of its own, the unnamed. */
BCO_API bool bco_verdicts_same_judges(const struct bco_verdicts *verdicts, const struct bco_verdicts *other);

enum bco_standard_error {
    BCO_SE_CLUSTER, /* verdicts on one prompt hang together */
    BCO_SE_IID,     /* every verdict for itself, as AlpacaEval has it */
};

enum bco_interval {
    BCO_INTERVAL_T,      /* the mean plus and minus Student's t times the standard error */
    BCO_INTERVAL_WILSON, /* for few prompts, and where nearly all outcomes are the same */
};

struct bco_winrate_options {
    enum bco_standard_error standard_error;
    enum bco_interval interval;
    double level;       /* of the interval, between 0 and 1; 0: 0.95 */
    uint64_t bootstrap; /* resamples of the prompts; 0: an interval as `interval` says */
    uint64_t seed;      /* of the bootstrap */
    int threads;        /* 0: all the cores this process may use; the result is the same on any number */
};

/* Percent, 0 to 100, but for the counts. A win is y > 1/2, a tie y = 1/2. */
struct bco_winrate {
    uint64_t n; /* verdicts, invalid ones not counted */
    uint64_t wins, ties, losses;
    uint64_t strong; /* A>>B and B>>A; also wins or losses */
    uint64_t invalid;
    uint64_t clusters;     /* prompts with a valid verdict */
    double win_rate;       /* the (weighted) mean of y: a tie counts one half */
    double standard_error; /* NaN with fewer than two clusters (or verdicts, BCO_SE_IID) */
    double deviation;      /* between prompts (or verdicts): standard error * sqrt(clusters); NaN where that is */
    double low, high;      /* the interval, cut at 0 and 100 */
    double level;
};

/* The win rate of one group. BCO_EDATA: no valid verdict in it. With y the
 * verdicts, w their weights, W the sum of these, m the mean and G clusters g,
 * the standard error is sqrt(G/(G-1) * sum_g (sum_{i in g} w_i (y_i - m))^2) / W (Liang and Zeger 1986); BCO_SE_IID:
 * every verdict is a cluster. The intervals are m +- t(level, G-1) * standard error; Wilson's (1927) score interval
 * for a share m of m (1 - m)/se^2 + 1 trials (Kish's effective number; G where se is 0 or unknown); or with
 * `bootstrap` the percentiles of means over resampled clusters. */
BCO_API enum bco_code bco_winrate(const struct bco_verdicts *verdicts, size_t group,
                                  const struct bco_winrate_options *options, struct bco_winrate *result,
                                  struct bco_error *err);

/* ---- is A better here than there? -------------------------------------------------- */

/* Points, -100 to 100, but for the counts. */
struct bco_winrate_difference {
    uint64_t prompts;               /* judged in both; the ones that only one side has are left out */
    uint64_t only_here, only_there; /* and counted */
    double difference;              /* the mean over the prompts of A's mean y here less that there */
    double standard_error;          /* its own, from the prompts' differences; NaN with fewer than two prompts */
    double deviation;               /* of the prompts' differences; NaN where the standard error is */
    double low, high;               /* Student's t, or percentiles over resampled prompts; cut at -100 and 100 */
};

/* Prompts are matched by their text (or index) and paired, which takes the prompts' own difficulty out of the
 * comparison. `interval` and `standard_error` of the options are not used. BCO_EDATA: no prompt in common. */
BCO_API enum bco_code bco_winrate_compare(const struct bco_verdicts *here, size_t group,
                                          const struct bco_verdicts *there, size_t there_group,
                                          const struct bco_winrate_options *options,
                                          struct bco_winrate_difference *result, struct bco_error *err);

/* How many prompts show a difference of `difference` points in a two-sided test at `level` with probability `power`:
 * ((z((1 + level)/2) + z(power)) * deviation / difference)^2, rounded up. `deviation` (points) is that between
 * prompts: standard error * sqrt(prompts), at most 50 for a win rate. NaN where an argument makes no sense. */
BCO_API double bco_prompts_needed(double deviation, double difference, double level, double power);

/* ---- win rate at equal length -------------------------------------------------------- */

/* The weights of AlpacaEval 2's model. */
struct bco_length_weights {
    double length, difficulty, not_gamed; /* glm_length, glm_difficulty, glm_not_gamed */
};

struct bco_length_options {
    const double *difficulty; /* of the instructions, by position; NULL: none, and the model has no such term */
    size_t difficulties;
    const struct bco_length_weights *weights; /* NULL: fitted here */
    double ridge;                             /* of the length's and the difficulty's weight; 0: 0.01 */
    double level;                             /* as in struct bco_winrate_options */
    uint64_t bootstrap;                       /* resamples of the prompts; 0: 1000 */
    uint64_t seed;
    int threads;
};

enum bco_length_state {
    BCO_LENGTH_FITTED,
    BCO_LENGTH_GIVEN,         /* with the weights given: no interval, as nothing is known of their error */
    BCO_LENGTH_ONE_OUTCOME,   /* only wins or only losses: there is no such win rate */
    BCO_LENGTH_SEPARATED,     /* the lengths (and difficulties) tell every win from every loss: nor is there */
    BCO_LENGTH_NOT_CONVERGED, /* nor here */
};

struct bco_length_control {
    enum bco_length_state state;
    double win_rate; /* percent; NaN where there is none, as the numbers below */
    double
        standard_error; /* the deviation of the resampled win rates; NaN with one prompt, whose interval is 0 to 100 */
    double low, high;   /* their percentiles */
    struct bco_length_weights weights;
    double overlap; /* 0 to 1: twice the share of verdicts in which A (or B, where that is less) is the longer one,
                     * equal lengths counting half. Near 0, equal length is an extrapolation */
    uint64_t resamples, failed; /* drawn, and without a fit, which are left out */
};

/* The win rate that A would have were its completions as long as B's (Dubois, Galambosi, Liang and Hashimoto 2024,
 * arXiv 2404.04475): P(A wins) = sigmoid(length * tanh((length_b - length_a)/s) + difficulty * d + not_gamed), with
 * s the differences' sample deviation and d the instruction's difficulty, fitted by maximum likelihood with a
 * ridge; then 100 * mean of sigmoid(difficulty * d + not_gamed). Of annotations d is that of the record's position
 * in its group, else that of the prompt's position among the group's prompts. The collection must want lengths, unless
 * weights are given. BCO_EDATA: no valid verdict, or fewer difficulties than the group needs. */
BCO_API enum bco_code bco_length_control(const struct bco_verdicts *verdicts, size_t group,
                                         const struct bco_length_options *options, struct bco_length_control *result,
                                         struct bco_error *err);

/* Reads `instruction_difficulty` of each record of a file, by position; where there is an `index` it must be the
 * position, from 0. The caller frees *difficulty. */
BCO_API enum bco_code bco_difficulty_read(const char *path, double **difficulty, size_t *count, struct bco_error *err);

/* Reads glm_length, glm_difficulty and glm_not_gamed from a file with one record; or, where `by` is not NULL and the
 * records have that field, from the one whose `by` is `group` (JSON text). *found false: there is none for it. */
BCO_API enum bco_code bco_length_weights_read(const char *path, const char *by, const char *group,
                                              struct bco_length_weights *weights, bool *found, struct bco_error *err);

/* ---- numbers --------------------------------------------------------------------------- */

/* The quantile of Student's t: P(T <= t) = p with `df` degrees of freedom.
 * 0 < p < 1, df > 0; NaN otherwise. Relative error under 1e-9. */
BCO_API double bco_t_quantile(double p, double df);

#ifdef __cplusplus
}
#endif

#endif

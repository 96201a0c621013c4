/* Win rates: how often A's completion was found better than B's, and how sure
 * that is. Verdicts go in one by one, grouped if one likes; a win rate with its
 * standard error and interval comes out for each group. */
#ifndef BCO_WINRATE_H
#define BCO_WINRATE_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bco_verdict_format {
    BCO_VERDICTS_AUTO,   /* by the first record: `winner` is a verdict, `preference` an AlpacaEval annotation */
    BCO_VERDICTS,        /* {"prompt","winner":"a|b|tie"|null}, as bco-judge(1) writes them */
    BCO_VERDICTS_ALPACA, /* AlpacaEval: A is output_2, y = preference - 1; 0 means 1.5; null is invalid */
};

struct bco_verdicts;

/* An empty collection. `by` names the field whose value is a verdict's group;
 * NULL: all are one group. Both are copied. */
BCO_API enum bco_code bco_verdicts_new(struct bco_verdicts **verdicts, enum bco_verdict_format format, const char *by,
                                       struct bco_error *err);
BCO_API void bco_verdicts_free(struct bco_verdicts *verdicts); /* NULL is legal */

/* Takes in one record. The prompt is `prompt`; of annotations `instruction`, else
 * `index`, else `row`, else the record stands for a prompt of its own. BCO_EDATA:
 * the record is no verdict, err says why, and nothing was added. */
BCO_API enum bco_code bco_verdicts_add(struct bco_verdicts *verdicts, const struct bco_record *record,
                                       struct bco_error *err);

BCO_API size_t bco_verdicts_groups(const struct bco_verdicts *verdicts); /* in the order they were met */
/* The group's value of `by` as JSON text (`"phi-2"`, `3`); "null" without `by`. */
BCO_API const char *bco_verdicts_group(const struct bco_verdicts *verdicts, size_t group);
BCO_API uint64_t bco_verdicts_repeated(const struct bco_verdicts *verdicts); /* records equal to an earlier one */
BCO_API size_t bco_verdicts_judges(const struct bco_verdicts *verdicts);     /* different values of `judge` */

enum bco_standard_error {
    BCO_SE_CLUSTER, /* verdicts on one prompt hang together */
    BCO_SE_IID,     /* every verdict for itself, as AlpacaEval has it */
};

struct bco_winrate_options {
    enum bco_standard_error standard_error;
    double level;       /* of the interval, between 0 and 1; 0: 0.95 */
    uint64_t bootstrap; /* resamples of the prompts; 0: an interval from Student's t */
    uint64_t seed;      /* of the bootstrap */
    int threads;        /* 0: all the cores this process may use; the result is the same on any number */
};

/* Percent, 0 to 100, but for the counts. A win is y > 1/2, a tie y = 1/2. */
struct bco_winrate {
    uint64_t n; /* verdicts, invalid ones not counted */
    uint64_t wins, ties, losses;
    uint64_t invalid;
    uint64_t clusters;     /* prompts with a valid verdict */
    double win_rate;       /* the mean of y: a tie counts one half */
    double standard_error; /* NaN with fewer than two clusters (or verdicts, BCO_SE_IID) */
    double low, high;      /* the interval, cut at 0 and 100 */
    double level;
};

/* The win rate of one group. BCO_EDATA: no valid verdict in it. With y the
 * verdicts, G clusters g and n verdicts, the standard error is
 * sqrt(G/(G-1) * sum_g (sum_{i in g} (y_i - mean))^2) / n (Liang and Zeger 1986);
 * the interval is mean +- t(level, G-1) * standard error, or with `bootstrap` the
 * percentiles of means over resampled clusters. */
BCO_API enum bco_code bco_winrate(const struct bco_verdicts *verdicts, size_t group,
                                  const struct bco_winrate_options *options, struct bco_winrate *result,
                                  struct bco_error *err);

/* The quantile of Student's t: P(T <= t) = p with `df` degrees of freedom.
 * 0 < p < 1, df > 0; NaN otherwise. Relative error under 1e-9. */
BCO_API double bco_t_quantile(double p, double df);

#ifdef __cplusplus
}
#endif

#endif

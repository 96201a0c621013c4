#include "eval/verdicts.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <omp.h>

static double clustered_error(const struct bco_verdicts *v, size_t group, double mean, double n, double clusters) {
    double square = 0;
    for (size_t i = 0; i < v->cluster_count; i++) {
        const struct bco_cluster *c = &v->clusters[i];
        if (c->group != group) continue;
        double residual = c->sum - (double)c->n * mean;
        square += residual * residual;
    }
    return clusters < 2 ? NAN : sqrt(clusters / (clusters - 1) * square) / n;
}

static uint64_t clusters_of(const struct bco_verdicts *v, size_t group) {
    uint64_t count = 0;
    for (size_t i = 0; i < v->cluster_count; i++) count += v->clusters[i].group == group;
    return count;
}

static void cut(struct bco_winrate *result, double low, double high) {
    result->low = low < 0 ? 0 : low;
    result->high = high > 100 ? 100 : high;
}

static void t_interval(struct bco_winrate *result, double df) {
    if (isnan(result->standard_error)) {
        cut(result, 0, 100); /* one prompt says nothing about the spread */
        return;
    }
    double half = bco_t_quantile(0.5 + result->level / 2, df) * result->standard_error;
    cut(result, result->win_rate - half, result->win_rate + half);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the order statistics (type 7 of Hyndman and Fan 1996). */
static double percentile(const double *sorted, size_t count, double p) {
    double place = p * (double)(count - 1);
    size_t i = (size_t)place;
    if (i + 1 >= count) return sorted[count - 1];
    return sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]);
}

/* One mean over clusters drawn with replacement. Its numbers are a stream of
 * their own, so that it does not matter which thread draws it. */
static double resampled_mean(const struct bco_cluster *const *clusters, size_t count, uint64_t seed, uint64_t stream) {
    struct bco_rng rng = {.seed = seed, .stream = stream};
    double sum = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bco_cluster *c = clusters[bco_rng_below(&rng, count)];
        sum += c->sum;
        n += c->n;
    }
    return 100 * sum / (double)n;
}

static enum bco_code bootstrap_interval(const struct bco_verdicts *v, size_t group,
                                        const struct bco_winrate_options *options, struct bco_winrate *result,
                                        struct bco_error *err) {
    size_t count = 0, resamples = (size_t)options->bootstrap;
    const struct bco_cluster **clusters = bco_calloc((size_t)result->clusters, sizeof *clusters);
    double *means = bco_calloc(resamples, sizeof *means);
    if (!clusters || !means) {
        free(clusters);
        free(means);
        return bco_fail_memory(err);
    }
    for (size_t i = 0; i < v->cluster_count; i++)
        if (v->clusters[i].group == group) clusters[count++] = &v->clusters[i];
#pragma omp parallel for num_threads(options->threads > 0 ? options->threads : bco_cores()) schedule(static)
    for (size_t i = 0; i < resamples; i++) means[i] = resampled_mean(clusters, count, options->seed, i);
    qsort(means, resamples, sizeof *means, by_value);
    double outside = (1 - result->level) / 2;
    cut(result, percentile(means, resamples, outside), percentile(means, resamples, 1 - outside));
    free(clusters);
    free(means);
    return BCO_OK;
}

enum bco_code bco_winrate(const struct bco_verdicts *v, size_t index, const struct bco_winrate_options *options,
                          struct bco_winrate *result, struct bco_error *err) {
    static const struct bco_winrate_options defaults = {0};
    if (!options) options = &defaults;
    const struct bco_group *group = &v->groups[index];
    double n = (double)group->n, mean = group->sum / n; /* exact where y is 0, 1/2 or 1 */
    *result = (struct bco_winrate){.n = group->n,
                                   .wins = group->wins,
                                   .ties = group->ties,
                                   .losses = group->losses,
                                   .invalid = group->invalid,
                                   .level = options->level > 0 ? options->level : 0.95};
    if (!group->n)
        return bco_fail(err, BCO_EDATA, "no valid verdict, %llu invalid", (unsigned long long)group->invalid);
    result->clusters = clusters_of(v, index);
    result->win_rate = 100 * mean;
    double df = options->standard_error == BCO_SE_IID ? n - 1 : (double)result->clusters - 1;
    if (options->standard_error == BCO_SE_IID)
        result->standard_error = df > 0 ? 100 * sqrt(group->square / df / n) : NAN;
    else
        result->standard_error = 100 * clustered_error(v, index, mean, n, (double)result->clusters);
    if (options->bootstrap) return bootstrap_interval(v, index, options, result, err);
    t_interval(result, df);
    return BCO_OK;
}

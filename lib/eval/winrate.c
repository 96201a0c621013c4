#include "base/fail.h"
#include "base/mem.h"
#include "eval/resample.h"
#include "eval/verdicts.h"

#include <math.h>

/* ---- standard errors ------------------------------------------------------------ */

static uint64_t clusters_of(const struct bco_verdicts *v, size_t group) {
    uint64_t count = 0;
    for (size_t i = 0; i < v->cluster_count; i++) count += v->clusters[i].group == group && v->clusters[i].n;
    return count;
}

static double from_squares(double square, double units, double weight) {
    return units < 2 ? NAN : sqrt(units / (units - 1) * square) / weight;
}

static double clustered_error(const struct bco_verdicts *v, size_t group, double mean, double clusters) {
    double square = 0;
    for (size_t i = 0; i < v->cluster_count; i++) {
        const struct bco_cluster *c = &v->clusters[i];
        if (c->group != group) continue;
        double residual = c->sum - c->weight * mean;
        square += residual * residual;
    }
    return from_squares(square, clusters, v->groups[group].weight);
}

static double iid_error(const struct bco_verdicts *v, size_t group, double mean) {
    double square = 0;
    for (size_t i = 0; i < v->row_count; i++) {
        const struct bco_row *row = &v->rows[i];
        if (row->group != group) continue;
        double residual = row->weight * (row->y - mean);
        square += residual * residual;
    }
    return from_squares(square, (double)v->groups[group].n, v->groups[group].weight);
}

/* ---- intervals -------------------------------------------------------------------- */

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

static void wilson_interval(struct bco_winrate *result, double units) {
    double p = result->win_rate / 100, error = result->standard_error / 100;
    double n = error > 0 ? p * (1 - p) / (error * error) + 1 : units; /* NaN is not greater either */
    double z = bco_t_quantile(0.5 + result->level / 2, 1e6), square = z * z;
    double middle = (p + square / (2 * n)) / (1 + square / n);
    double half = z / (1 + square / n) * sqrt(p * (1 - p) / n + square / (4 * n * n));
    cut(result, 100 * (middle - half), 100 * (middle + half));
}

struct clusters {
    const struct bco_cluster **items;
    size_t count;
};

static double resampled_mean(const void *data, const uint32_t *times) {
    const struct clusters *clusters = data;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < clusters->count; i++) {
        sum += times[i] * clusters->items[i]->sum;
        weight += times[i] * clusters->items[i]->weight;
    }
    return 100 * sum / weight;
}

static enum bco_code bootstrap_interval(const struct bco_verdicts *v, size_t group,
                                        const struct bco_winrate_options *options, struct bco_winrate *result,
                                        struct bco_error *err) {
    struct clusters clusters = {.items = bco_calloc((size_t)result->clusters, sizeof *clusters.items)};
    struct bco_resampled resampled;
    if (!clusters.items) return bco_fail_memory(err);
    for (size_t i = 0; i < v->cluster_count; i++)
        if (v->clusters[i].group == group && v->clusters[i].n) clusters.items[clusters.count++] = &v->clusters[i];
    const struct bco_resample plan = {.units = clusters.count,
                                      .statistic = resampled_mean,
                                      .data = &clusters,
                                      .resamples = options->bootstrap,
                                      .seed = options->seed,
                                      .threads = options->threads,
                                      .level = result->level};
    enum bco_code code = bco_resample(&plan, &resampled, err);
    if (!code) cut(result, resampled.low, resampled.high);
    free(clusters.items);
    return code;
}

/* ---- the win rate ------------------------------------------------------------------- */

enum bco_code bco_winrate(const struct bco_verdicts *v, size_t index, const struct bco_winrate_options *options,
                          struct bco_winrate *result, struct bco_error *err) {
    static const struct bco_winrate_options defaults = {0};
    if (!options) options = &defaults;
    const struct bco_group *group = &v->groups[index];
    double mean = group->sum / group->weight; /* exact where y is 0, 1/2 or 1 */
    *result = (struct bco_winrate){.n = group->n,
                                   .wins = group->wins,
                                   .ties = group->ties,
                                   .losses = group->losses,
                                   .strong = group->strong,
                                   .invalid = group->invalid,
                                   .level = options->level > 0 ? options->level : 0.95};
    if (!group->n)
        return bco_fail(err, BCO_EDATA, "no valid verdict, %llu invalid", (unsigned long long)group->invalid);
    bool iid = options->standard_error == BCO_SE_IID;
    result->clusters = clusters_of(v, index);
    result->win_rate = 100 * mean;
    double units = iid ? (double)group->n : (double)result->clusters;
    result->standard_error = 100 * (iid ? iid_error(v, index, mean) : clustered_error(v, index, mean, units));
    result->deviation = result->standard_error * sqrt(units);
    if (options->bootstrap && result->clusters > 1) return bootstrap_interval(v, index, options, result, err);
    if (options->interval == BCO_INTERVAL_WILSON)
        wilson_interval(result, units);
    else
        t_interval(result, units - 1);
    return BCO_OK;
}

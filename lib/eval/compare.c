/* The same prompts in two collections, and how many prompts one needs. */
#include "base/fail.h"
#include "base/mem.h"
#include "eval/resample.h"
#include "eval/verdicts.h"

#include <math.h>

struct differences {
    double *items; /* points */
    size_t count;
};

static const struct bco_cluster *partner(const struct bco_verdicts *there, size_t group,
                                         const struct bco_cluster *cluster) {
    const size_t *found = bco_table_get(there->cluster_table, bco_cluster_key(group, cluster->prompt));
    return found && there->clusters[*found].n ? &there->clusters[*found] : NULL;
}

static uint64_t prompts_of(const struct bco_verdicts *v, size_t group) {
    uint64_t count = 0;
    for (size_t i = 0; i < v->cluster_count; i++) count += v->clusters[i].group == group && v->clusters[i].n;
    return count;
}

static double mean_of(const struct differences *d) {
    double sum = 0;
    for (size_t i = 0; i < d->count; i++) sum += d->items[i];
    return sum / (double)d->count;
}

static double resampled_mean(const void *data, const uint32_t *times) {
    const struct differences *d = data;
    double sum = 0;
    for (size_t i = 0; i < d->count; i++) sum += times[i] * d->items[i];
    return sum / (double)d->count;
}

static double error_of(const struct differences *d, double mean) {
    double square = 0, n = (double)d->count;
    for (size_t i = 0; i < d->count; i++) square += (d->items[i] - mean) * (d->items[i] - mean);
    return n < 2 ? NAN : sqrt(square / (n - 1) / n);
}

static void cut(struct bco_winrate_difference *result, double low, double high) {
    result->low = low < -100 ? -100 : low;
    result->high = high > 100 ? 100 : high;
}

static enum bco_code interval(const struct differences *d, const struct bco_winrate_options *options,
                              struct bco_winrate_difference *result, struct bco_error *err) {
    double level = options->level > 0 ? options->level : 0.95;
    struct bco_resampled resampled;
    const struct bco_resample plan = {.units = d->count,
                                      .statistic = resampled_mean,
                                      .data = d,
                                      .resamples = options->bootstrap,
                                      .seed = options->seed,
                                      .threads = options->threads,
                                      .level = level};
    if (options->bootstrap && d->count > 1) {
        enum bco_code code = bco_resample(&plan, &resampled, err);
        if (!code) cut(result, resampled.low, resampled.high);
        return code;
    }
    double half = bco_t_quantile(0.5 + level / 2, (double)d->count - 1) * result->standard_error;
    if (d->count < 2)
        cut(result, -100, 100);
    else
        cut(result, result->difference - half, result->difference + half);
    return BCO_OK;
}

enum bco_code bco_winrate_compare(const struct bco_verdicts *here, size_t group, const struct bco_verdicts *there,
                                  size_t there_group, const struct bco_winrate_options *options,
                                  struct bco_winrate_difference *result, struct bco_error *err) {
    static const struct bco_winrate_options defaults = {0};
    struct differences d = {.items = bco_calloc(here->cluster_count, sizeof *d.items)};
    if (!options) options = &defaults;
    *result = (struct bco_winrate_difference){0};
    if (!d.items) return bco_fail_memory(err);
    for (size_t i = 0; i < here->cluster_count; i++) {
        const struct bco_cluster *a = &here->clusters[i], *b;
        if (a->group != group || !a->n) continue;
        b = partner(there, there_group, a);
        if (b)
            d.items[d.count++] = 100 * (a->sum / a->weight - b->sum / b->weight);
        else
            result->only_here++;
    }
    result->prompts = d.count;
    result->only_there = prompts_of(there, there_group) - d.count;
    enum bco_code code = BCO_OK;
    if (d.count == 0) {
        code = bco_fail(err, BCO_EDATA, "no prompt is judged on both sides");
    } else {
        result->difference = mean_of(&d);
        result->standard_error = error_of(&d, result->difference);
        result->deviation = result->standard_error * sqrt((double)d.count);
        code = interval(&d, options, result, err);
    }
    free(d.items);
    return code;
}

double bco_prompts_needed(double deviation, double difference, double level, double power) {
    if (!(deviation >= 0 && level > 0 && level < 1 && power > 0 && power < 1) || !(fabs(difference) > 0)) return NAN;
    double z = bco_t_quantile(0.5 + level / 2, 1e6) + bco_t_quantile(power, 1e6), ratio = z * deviation / difference;
    return ceil(ratio * ratio);
}

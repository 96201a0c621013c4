/* Win rates at equal length: AlpacaEval 2's model. */
#include "base/fail.h"
#include "base/mem.h"
#include "base/sigmoid.h"
#include "eval/column.h"
#include "eval/logistic.h"
#include "eval/resample.h"
#include "eval/verdicts.h"

#include <math.h>
#include <string.h>

enum { LENGTH, DIFFICULTY, NOT_GAMED };

static const double default_ridge = 0.01;
static const uint64_t default_resamples = 1000;

/* A group's verdicts as the regression sees them. */
struct table {
    size_t rows, clusters;
    double (*x)[BCO_LOGISTIC_TERMS];
    double *y, *weight;
    size_t *cluster;        /* of each row, from 0 */
    size_t longer, shorter; /* verdicts with A's completion the longer one, the shorter one */
    double ridge[BCO_LOGISTIC_TERMS];
    double start[BCO_LOGISTIC_TERMS]; /* the fit of all verdicts, from where resamples go on */
};

static void table_free(struct table *t) {
    free(t->x);
    free(t->y);
    free(t->weight);
    free(t->cluster);
}

static double deviation_of_lengths(const struct bco_verdicts *v, size_t group) {
    double n = 0, mean = 0, square = 0;
    for (size_t i = 0; i < v->row_count; i++) {
        if (v->rows[i].group != group) continue;
        double before = v->rows[i].difference - mean;
        mean += before / ++n;
        square += before * (v->rows[i].difference - mean);
    }
    return n < 2 ? 0 : sqrt(square / (n - 1));
}

static enum bco_code table_fill(struct table *t, const struct bco_verdicts *v, size_t group,
                                const struct bco_length_options *o, struct bco_error *err) {
    size_t n = (size_t)v->groups[group].n, prompts = v->groups[group].prompts;
    double s = deviation_of_lengths(v, group), ridge = o->ridge > 0 ? o->ridge : default_ridge;
    *t = (struct table){.clusters = prompts, .ridge = {ridge, o->difficulty ? ridge : 1, 0}};
    t->x = bco_calloc(n, sizeof *t->x);
    t->y = bco_calloc(n, sizeof *t->y);
    t->weight = bco_calloc(n, sizeof *t->weight);
    t->cluster = bco_calloc(n, sizeof *t->cluster);
    if (!t->x || !t->y || !t->weight || !t->cluster) return bco_fail_memory(err);
    for (size_t i = 0; i < v->row_count; i++) {
        const struct bco_row *row = &v->rows[i];
        if (row->group != group) continue;
        if (o->difficulty && row->place >= o->difficulties)
            return bco_fail(err, BCO_EDATA, "verdicts on more instructions than there are difficulties, which are %zu",
                            o->difficulties);
        double *x = t->x[t->rows];
        x[LENGTH] = s > 0 ? tanh(row->difference / s) : 0;
        x[DIFFICULTY] = o->difficulty ? o->difficulty[row->place] : 0;
        x[NOT_GAMED] = 1;
        t->longer += row->difference < 0;
        t->shorter += row->difference > 0;
        t->y[t->rows] = row->y;
        t->weight[t->rows] = row->weight;
        t->cluster[t->rows++] = v->clusters[row->cluster].place;
    }
    return BCO_OK;
}

static double overlap_of(const struct table *t) {
    double equal = (double)(t->rows - t->longer - t->shorter);
    return 2 * ((double)(t->longer < t->shorter ? t->longer : t->shorter) + equal / 2) / (double)t->rows;
}

/* 100 * the mean of P(A wins) were both sides of one length. */
static double at_equal_length(const struct table *t, const double *weight, const double beta[BCO_LOGISTIC_TERMS]) {
    double sum = 0, total = 0;
    for (size_t i = 0; i < t->rows; i++) {
        sum += weight[i] * bco_sigmoid(beta[DIFFICULTY] * t->x[i][DIFFICULTY] + beta[NOT_GAMED]);
        total += weight[i];
    }
    return 100 * sum / total;
}

static bool one_outcome(const struct table *t, const double *weight) {
    bool win = false, loss = false;
    for (size_t i = 0; i < t->rows; i++) {
        win |= weight[i] > 0 && t->y[i] > 0;
        loss |= weight[i] > 0 && t->y[i] < 1;
    }
    return !win || !loss;
}

static bool fit(const struct table *t, const double *weight, const double ridge[BCO_LOGISTIC_TERMS],
                double beta[BCO_LOGISTIC_TERMS]) {
    struct bco_logistic data = {
        .rows = t->rows, .x = (const double(*)[BCO_LOGISTIC_TERMS])t->x, .y = t->y, .weight = weight};
    memcpy(data.ridge, ridge, sizeof data.ridge);
    return bco_logistic_fit(&data, beta);
}

/* Whether some weights tell every win from every loss: hardly any ridge finds such ones where there are any. */
static bool separated(const struct table *t) {
    double beta[BCO_LOGISTIC_TERMS] = {0};
    const double ridge[BCO_LOGISTIC_TERMS] = {1e-5, t->ridge[DIFFICULTY] < 1 ? 1e-5 : 1, 0};
    for (size_t i = 0; i < t->rows; i++)
        if (t->y[i] > 0 && t->y[i] < 1) return false;
    fit(t, t->weight, ridge, beta);
    for (size_t i = 0; i < t->rows; i++) {
        double z = beta[LENGTH] * t->x[i][LENGTH] + beta[DIFFICULTY] * t->x[i][DIFFICULTY] + beta[NOT_GAMED];
        if (!(t->y[i] > 0 ? z > 0 : z < 0)) return false;
    }
    return true;
}

static double resampled(const void *data, const uint32_t *times) {
    const struct table *t = data;
    double beta[BCO_LOGISTIC_TERMS], rate = NAN;
    double *weight = bco_malloc(t->rows, sizeof *weight);
    if (!weight) return NAN;
    memcpy(beta, t->start, sizeof beta);
    for (size_t i = 0; i < t->rows; i++) weight[i] = t->weight[i] * times[t->cluster[i]];
    if (!one_outcome(t, weight) && fit(t, weight, t->ridge, beta)) rate = at_equal_length(t, weight, beta);
    free(weight);
    return rate;
}

static enum bco_code bootstrap(const struct table *t, const struct bco_length_options *o,
                               struct bco_length_control *result, struct bco_error *err) {
    struct bco_resampled r;
    const struct bco_resample plan = {.units = t->clusters,
                                      .statistic = resampled,
                                      .data = t,
                                      .resamples = o->bootstrap ? o->bootstrap : default_resamples,
                                      .seed = o->seed,
                                      .threads = o->threads,
                                      .level = o->level > 0 ? o->level : 0.95};
    enum bco_code code = bco_resample(&plan, &r, err);
    if (code) return code;
    result->standard_error = r.deviation;
    result->low = r.low;
    result->high = r.high;
    result->resamples = plan.resamples;
    result->failed = r.failed;
    return BCO_OK;
}

static enum bco_code estimate(struct table *t, const struct bco_length_options *o, struct bco_length_control *result,
                              struct bco_error *err) {
    double *beta = t->start;
    if (o->weights) {
        result->state = BCO_LENGTH_GIVEN;
        beta[DIFFICULTY] = o->weights->difficulty;
        beta[NOT_GAMED] = o->weights->not_gamed;
        result->weights = *o->weights;
        result->win_rate = at_equal_length(t, t->weight, beta);
        return BCO_OK;
    }
    if (one_outcome(t, t->weight))
        result->state = BCO_LENGTH_ONE_OUTCOME;
    else if (separated(t))
        result->state = BCO_LENGTH_SEPARATED;
    else if (!fit(t, t->weight, t->ridge, beta))
        result->state = BCO_LENGTH_NOT_CONVERGED;
    if (result->state != BCO_LENGTH_FITTED) return BCO_OK;
    result->weights = (struct bco_length_weights){beta[LENGTH], beta[DIFFICULTY], beta[NOT_GAMED]};
    result->win_rate = at_equal_length(t, t->weight, beta);
    if (t->clusters > 1) return bootstrap(t, o, result, err);
    result->low = 0; /* one prompt says nothing about the spread */
    result->high = 100;
    return BCO_OK;
}

enum bco_code bco_length_control(const struct bco_verdicts *v, size_t group, const struct bco_length_options *options,
                                 struct bco_length_control *result, struct bco_error *err) {
    static const struct bco_length_options defaults = {0};
    struct table t = {0};
    if (!options) options = &defaults;
    *result = (struct bco_length_control){
        .win_rate = NAN, .standard_error = NAN, .low = NAN, .high = NAN, .weights = {NAN, NAN, NAN}, .overlap = NAN};
    if (!v->groups[group].n)
        return bco_fail(err, BCO_EDATA, "no valid verdict, %llu invalid", (unsigned long long)v->groups[group].invalid);
    enum bco_code code = table_fill(&t, v, group, options, err);
    if (!code && v->lengths) result->overlap = overlap_of(&t);
    if (!code) code = estimate(&t, options, result, err);
    table_free(&t);
    return code;
}

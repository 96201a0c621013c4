#include "eval/resample.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <omp.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const double *sorted, size_t count, double p) {
    double place = p * (double)(count - 1);
    size_t i = (size_t)place;
    if (i + 1 >= count) return sorted[count - 1];
    return sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]);
}

static double deviation_of(const double *values, size_t count) {
    double mean = 0, square = 0;
    if (count < 2) return NAN;
    for (size_t i = 0; i < count; i++) mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++) square += (values[i] - mean) * (values[i] - mean);
    return sqrt(square / (double)(count - 1));
}

/* Its numbers are a stream of their own, so that it does not matter which thread draws it. */
static double draw(const struct bco_resample *plan, uint64_t stream, uint32_t *times) {
    struct bco_rng rng = {.seed = plan->seed, .stream = stream};
    memset(times, 0, plan->units * sizeof *times);
    for (size_t i = 0; i < plan->units; i++) times[bco_rng_below(&rng, plan->units)]++;
    return plan->statistic(plan->data, times);
}

static void summarise(const struct bco_resample *plan, double *values, struct bco_resampled *result) {
    size_t kept = 0;
    double outside = (1 - plan->level) / 2;
    for (size_t i = 0; i < plan->resamples; i++)
        if (!isnan(values[i])) values[kept++] = values[i];
    *result = (struct bco_resampled){.low = NAN, .high = NAN, .failed = plan->resamples - kept};
    result->deviation = deviation_of(values, kept);
    if (!kept) return;
    qsort(values, kept, sizeof *values, by_value);
    result->low = percentile(values, kept, outside);
    result->high = percentile(values, kept, 1 - outside);
}

enum bco_code bco_resample(const struct bco_resample *plan, struct bco_resampled *result, struct bco_error *err) {
    int threads = plan->threads > 0 ? plan->threads : bco_cores();
    size_t room;
    double *values = bco_calloc((size_t)plan->resamples, sizeof *values);
    uint32_t *times = bco_size_mul(plan->units, (size_t)threads, &room) ? bco_malloc(room, sizeof *times) : NULL;
    enum bco_code code = values && times ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 8)
        for (uint64_t i = 0; i < plan->resamples; i++)
            values[i] = draw(plan, i, times + (size_t)omp_get_thread_num() * plan->units);
        summarise(plan, values, result);
    }
    free(values);
    free(times);
    return code;
}

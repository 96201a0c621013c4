/* The bootstrap: statistics of prompts drawn with replacement. */
#ifndef BCO_EVAL_RESAMPLE_H
#define BCO_EVAL_RESAMPLE_H

#include <bco/error.h>
#include <stddef.h>
#include <stdint.h>

struct bco_resample {
    size_t units; /* prompts; > 0 */
    /* The statistic of `units` prompts drawn: times[u] says how often prompt u was. NaN: it has none. Called from many
     * threads. */
    double (*statistic)(const void *data, const uint32_t *times);
    const void *data;
    uint64_t resamples, seed;
    int threads; /* 0: all the cores */
    double level;
};

struct bco_resampled {
    double low, high; /* percentiles, linear between order statistics (type 7 of Hyndman and Fan 1996) */
    double deviation; /* sample deviation; NaN with fewer than two statistics */
    uint64_t failed;  /* resamples without a statistic: left out */
};

/* The same on any number of threads. low and high are NaN where every resample failed. */
enum bco_code bco_resample(const struct bco_resample *plan, struct bco_resampled *result, struct bco_error *err);

#endif

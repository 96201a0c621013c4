#include "nn/ops.h"

#include <omp.h>
#include <string.h>

/* Waking a thread costs a few microseconds: about this many elements' work. */
#define WORK_PER_THREAD 8192

int bco_team_for(const struct bco_team *team, size_t work) {
    size_t worth = work / WORK_PER_THREAD + 1;
    return worth < (size_t)team->threads ? (int)worth : team->threads;
}

void bco_team_share(size_t count, size_t grain, size_t *begin, size_t *end) {
    size_t threads = (size_t)omp_get_num_threads(), me = (size_t)omp_get_thread_num();
    size_t grains = (count + grain - 1) / grain;
    size_t first = grains / threads * me + (me < grains % threads ? me : grains % threads);
    size_t share = grains / threads + (me < grains % threads);
    *begin = first * grain < count ? first * grain : count;
    *end = (first + share) * grain < count ? (first + share) * grain : count;
}

void bco_team_clear(const struct bco_team *team, size_t count, float *x) {
#pragma omp parallel num_threads(bco_team_for(team, count))
    {
        size_t begin, end;
        bco_team_share(count, 1024, &begin, &end);
        memset(x + begin, 0, (end - begin) * sizeof *x);
    }
}

float *bco_team_scratch(const struct bco_team *team) {
    return team->scratch + (size_t)omp_get_thread_num() * team->scratch_size;
}

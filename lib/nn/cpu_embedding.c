#include "nn/cpu.h"
#include "nn/kernels.h"

BCO_CLONES static void add_scaled(const float *restrict x, float scale, float *restrict y, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += scale * x[i];
}

BCO_CLONES static void copy_scaled(const float *restrict x, float scale, float *restrict y, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = scale * x[i];
}

void bco_cpu_embedding(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *table,
                       float scale, float *y, bool add) {
#pragma omp parallel for num_threads(bco_team_for(team, T *C)) schedule(static)
    for (size_t t = 0; t < T; t++) (add ? add_scaled : copy_scaled)(table + (size_t)ids[t] * C, scale, y + t * C, C);
}

void bco_cpu_embedding_half(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, struct bco_half table,
                            float scale, float *y, bool add) {
#pragma omp parallel for num_threads(bco_team_for(team, T *C)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        float *row = bco_team_scratch(team);
        bco_widen(table, (size_t)ids[t] * C, C, row);
        (add ? add_scaled : copy_scaled)(row, scale, y + t * C, C);
    }
}

/* Each thread has its own channels, so that one id's tokens are always added in order. */
void bco_cpu_embedding_backward(const struct bco_team *team, size_t T, size_t C, const int32_t *ids, const float *dy,
                                float scale, float *dtable) {
#pragma omp parallel num_threads(bco_team_for(team, T *C))
    {
        size_t begin, end;
        bco_team_share(C, 16, &begin, &end);
        for (size_t t = 0; t < T; t++)
            add_scaled(dy + t * C + begin, scale, dtable + (size_t)ids[t] * C + begin, end - begin);
    }
}

void bco_cpu_add(const struct bco_team *team, size_t count, float scale, const float *x, float *y) {
#pragma omp parallel num_threads(bco_team_for(team, count))
    {
        size_t begin, end;
        bco_team_share(count, 16, &begin, &end);
        add_scaled(x + begin, scale, y + begin, end - begin);
    }
}

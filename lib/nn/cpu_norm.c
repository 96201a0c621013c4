/* RMSNorm (Zhang and Sennrich, 2019) and LayerNorm (Ba et al., 2016). With
 * xhat = (x - mean) * rstd and g = dy * (w + offset):
 *   dx = rstd * (g - mean(g) - xhat * mean(g * xhat)),  dw = sum dy * xhat,  db = sum dy;
 * RMSNorm has no mean: mean = 0 and no mean(g). */
#include "nn/cpu.h"
#include "nn/kernels.h"

#include <math.h>

static float offset_of(const struct bco_norm *norm) {
    return norm->kind == BCO_NORM_RMS_PLUS_ONE ? 1.0f : 0.0f;
}

BCO_CLONES static double sum(const float *x, size_t n) {
    double total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) total += (double)x[i];
    return total;
}

BCO_CLONES static double squares(const float *x, float mean, size_t n) {
    double total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) total += (double)(x[i] - mean) * (double)(x[i] - mean);
    return total;
}

BCO_CLONES static void scale_row(const float *restrict x, float mean, float rstd, const float *restrict weight,
                                 float offset, const float *restrict bias, size_t n, float *y) {
    if (bias) {
#pragma omp simd
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++) y[i] = x[i] * rstd * (weight[i] + offset);
    }
}

static void norm_row(const struct bco_norm *norm, const float *x, float *y, float *statistics) {
    size_t n = norm->channels;
    float mean = norm->kind == BCO_NORM_LAYER ? (float)(sum(x, n) / (double)n) : 0;
    float rstd = (float)(1 / sqrt(squares(x, mean, n) / (double)n + (double)norm->eps));
    statistics[0] = mean;
    statistics[1] = rstd;
    scale_row(x, mean, rstd, norm->weight, offset_of(norm), norm->bias, n, y);
}

void bco_cpu_norm(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x, size_t ldx,
                  float *y, size_t ldy, float *statistics) {
    size_t n = norm->channels, groups = norm->groups;
#pragma omp parallel for num_threads(bco_team_for(team, T *groups *n)) schedule(static)
    for (size_t t = 0; t < T; t++)
        for (size_t g = 0; g < groups; g++)
            norm_row(norm, x + t * ldx + g * n, y + t * ldy + g * n, statistics + 2 * (t * groups + g));
}

struct row {
    const float *x, *dy;
    float mean, rstd, *dx;
};

/* The two means over g, as above. */
BCO_CLONES static void gradient_means(const struct row *row, const float *restrict weight, float offset, size_t n,
                                      double means[2]) {
    const float *restrict x = row->x, *restrict dy = row->dy;
    float mean = row->mean, rstd = row->rstd;
    double plain = 0, product = 0;
#pragma omp simd reduction(+ : plain, product)
    for (size_t i = 0; i < n; i++) {
        float g = dy[i] * (weight[i] + offset);
        plain += (double)g;
        product += (double)g * (double)((x[i] - mean) * rstd);
    }
    means[0] = plain / (double)n;
    means[1] = product / (double)n;
}

BCO_CLONES static void input_gradient(const struct row *row, const float *restrict weight, float offset, float plain,
                                      float product, bool add, size_t n) {
    const float *x = row->x, *dy = row->dy;
    float mean = row->mean, rstd = row->rstd, *dx = row->dx;
    if (add) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            dx[i] += rstd * (dy[i] * (weight[i] + offset) - plain - (x[i] - mean) * rstd * product);
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            dx[i] = rstd * (dy[i] * (weight[i] + offset) - plain - (x[i] - mean) * rstd * product);
    }
}

BCO_CLONES static void parameter_gradient(const struct row *row, size_t n, float *restrict dweight,
                                          float *restrict dbias) {
    const float *restrict x = row->x, *restrict dy = row->dy;
    float mean = row->mean, rstd = row->rstd;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        dweight[i] += dy[i] * ((x[i] - mean) * rstd);
        dbias[i] += dy[i];
    }
}

static void backward_row(const struct bco_norm *norm, const struct row *row, bool add, float *partial) {
    size_t n = norm->channels;
    double means[2];
    gradient_means(row, norm->weight, offset_of(norm), n, means);
    if (partial) parameter_gradient(row, n, partial, partial + n);
    float plain = norm->kind == BCO_NORM_LAYER ? (float)means[0] : 0;
    input_gradient(row, norm->weight, offset_of(norm), plain, (float)means[1], add, n);
}

static void add_partials(const struct bco_team *team, const struct bco_norm *norm, int threads) {
    size_t n = norm->channels;
    for (int thread = 0; thread < threads; thread++) {
        const float *partial = team->scratch + (size_t)thread * team->scratch_size;
        for (size_t i = 0; i < n; i++) norm->dweight[i] += partial[i];
        if (!norm->dbias) continue;
        for (size_t i = 0; i < n; i++) norm->dbias[i] += partial[n + i];
    }
}

void bco_cpu_norm_backward(const struct bco_team *team, const struct bco_norm *norm, size_t T, const float *x,
                           size_t ldx, const float *statistics, const float *dy, size_t lddy, float *dx, size_t lddx,
                           bool add) {
    size_t n = norm->channels, groups = norm->groups;
    int threads = bco_team_for(team, T * groups * n);
    for (int thread = 0; thread < threads; thread++)
        memset(team->scratch + (size_t)thread * team->scratch_size, 0, 2 * n * sizeof(float));
#pragma omp parallel num_threads(threads)
    {
        size_t begin, end;
        bco_team_share(T, 1, &begin, &end);
        float *partial = norm->dweight ? bco_team_scratch(team) : NULL;
        for (size_t t = begin; t < end; t++)
            for (size_t g = 0; g < groups; g++) {
                const float *s = statistics + 2 * (t * groups + g);
                struct row row = {x + t * ldx + g * n, dy + t * lddy + g * n, s[0], s[1], dx + t * lddx + g * n};
                backward_row(norm, &row, add, partial);
            }
    }
    if (norm->dweight) add_partials(team, norm, threads);
}

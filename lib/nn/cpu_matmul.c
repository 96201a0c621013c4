/* Matrix products: OpenBLAS, one call a thread on its own block of the result.
 * OpenBLAS's own threads would wait for one another and for ours; and the split
 * is ours, so the same settings give the same sums. */
#include "nn/bf16.h"
#include "nn/cpu.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

/* Below this many multiplications a second thread is not worth its waking. */
#define WORK_PER_THREAD ((size_t)1 << 20)

static void sgemm(const struct bco_matmul *p) {
    cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans, p->transpose_b ? CblasTrans : CblasNoTrans,
                (int)p->m, (int)p->n, (int)p->k, p->alpha, p->a, (int)p->lda, p->b, (int)p->ldb, p->beta, p->c,
                (int)p->ldc);
}

/* Outside a parallel region the OpenMP build of OpenBLAS would take all threads. */
void bco_matmul_single(const struct bco_matmul *p) {
    if (p->m == 0 || p->n == 0) return;
    if (omp_in_parallel()) {
        sgemm(p);
        return;
    }
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    sgemm(p);
    omp_set_num_threads(threads);
}

/* The block of the result that this thread computes: of rows or of columns, whichever are more. */
static struct bco_matmul block(const struct bco_matmul *p) {
    struct bco_matmul part = *p;
    size_t begin, end;
    if (p->m >= p->n) {
        bco_team_share(p->m, 16, &begin, &end);
        part.a += p->transpose_a ? begin : begin * p->lda;
        part.c += begin * p->ldc;
        part.m = end - begin;
    } else {
        bco_team_share(p->n, 16, &begin, &end);
        part.b += p->transpose_b ? begin * p->ldb : begin;
        part.c += begin;
        part.n = end - begin;
    }
    return part;
}

/* A block of b's rows as f32. */
static void widen_rows(const struct bco_team *team, const struct bco_matmul *p, size_t first, size_t rows) {
    size_t begin, end;
#pragma omp parallel num_threads(bco_team_for(team, rows * p->ldb)) private(begin, end)
    {
        bco_team_share(rows * p->ldb, 64, &begin, &end);
        bco_widen(p->b_half, first * p->ldb + begin, end - begin, team->wide + begin);
    }
}

/* Some rows of b at a time: each gives columns of c, or, where b is not transposed, a term of all of c. */
static void multiply_half(const struct bco_team *team, const struct bco_matmul *p) {
    size_t total = p->transpose_b ? p->n : p->k, step = team->wide_size / (p->ldb ? p->ldb : 1);
    for (size_t first = 0; first < total; first += step) {
        size_t rows = total - first < step ? total - first : step;
        struct bco_matmul part = *p;
        part.b_half = (struct bco_half){0};
        part.b = team->wide;
        widen_rows(team, p, first, rows);
        if (p->transpose_b) {
            part.n = rows;
            part.c += first;
        } else {
            part.k = rows;
            part.a += p->transpose_a ? first * p->lda : first;
            if (first) part.beta = 1;
        }
        bco_cpu_matmul(team, &part);
    }
}

void bco_cpu_matmul(const struct bco_team *team, const struct bco_matmul *p) {
    if (team->bf16 && !p->exact) {
        bco_bf16_matmul(team, p);
        return;
    }
    if (team->panel && !p->transpose_a && bco_cpu_panel(team->threads, p->m, p->k) <= team->panel_size) {
        bco_cpu_matmul_rows(team, p);
        return;
    }
    if (p->b_half.bits) {
        multiply_half(team, p);
        return;
    }
    size_t worth = p->m * p->n / 16 * p->k / (WORK_PER_THREAD / 16) + 1;
    int threads = worth < (size_t)team->threads ? (int)worth : team->threads;
    if (threads == 1) {
        bco_matmul_single(p);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        struct bco_matmul part = block(p);
        bco_matmul_single(&part);
    }
}

static void fill_bias(const struct bco_team *team, size_t T, size_t out, const float *bias, float *y) {
#pragma omp parallel for num_threads(bco_team_for(team, T *out)) schedule(static)
    for (size_t t = 0; t < T; t++) memcpy(y + t * out, bias, out * sizeof *y);
}

struct bco_matmul bco_cpu_product(const struct bco_linear *l, size_t T, const float *x, float *y) {
    return (struct bco_matmul){.transpose_b = !l->by_input,
                               .m = T,
                               .n = l->out,
                               .k = l->in,
                               .alpha = 1,
                               .a = x,
                               .lda = l->in,
                               .b = l->weight,
                               .b_half = l->half,
                               .ldb = l->by_input ? l->out : l->in,
                               .c = y,
                               .ldc = l->out,
                               .next = l->next};
}

void bco_cpu_linear(const struct bco_team *team, const struct bco_linear *l, size_t T, const float *x, float *y) {
    struct bco_matmul p = bco_cpu_product(l, T, x, y);
    if (l->bias) {
        fill_bias(team, T, l->out, l->bias, y);
        p.beta = 1;
    }
    bco_cpu_matmul(team, &p);
}

/* dW += dy^T x (or x^T dy where the weight is stored by input). */
static void weight_gradient(const struct bco_team *team, const struct bco_linear *l, size_t T, const float *x,
                            const float *dy) {
    struct bco_matmul p = {.transpose_a = true, .k = T, .alpha = 1, .beta = 1, .c = l->dweight};
    p.m = l->by_input ? l->in : l->out;
    p.n = l->by_input ? l->out : l->in;
    p.a = l->by_input ? x : dy;
    p.b = l->by_input ? dy : x;
    p.lda = p.m;
    p.ldb = p.ldc = p.n;
    bco_cpu_matmul(team, &p);
}

static void bias_gradient(const struct bco_team *team, size_t T, size_t out, const float *dy, float *dbias) {
#pragma omp parallel num_threads(bco_team_for(team, T *out))
    {
        size_t begin, end;
        bco_team_share(out, 16, &begin, &end);
        for (size_t t = 0; t < T; t++)
            for (size_t i = begin; i < end; i++) dbias[i] += dy[t * out + i];
    }
}

void bco_cpu_linear_backward(const struct bco_team *team, const struct bco_linear *l, size_t T, const float *x,
                             const float *dy, float *dx, bool add) {
    if (l->dweight) weight_gradient(team, l, T, x, dy);
    if (l->dbias) bias_gradient(team, T, l->out, dy, l->dbias);
    if (!dx) return;
    struct bco_matmul p = {.transpose_b = l->by_input,
                           .m = T,
                           .n = l->in,
                           .k = l->out,
                           .alpha = 1,
                           .a = dy,
                           .lda = l->out,
                           .b = l->weight,
                           .b_half = l->half,
                           .ldb = l->by_input ? l->out : l->in,
                           .beta = add ? 1 : 0,
                           .c = dx,
                           .ldc = l->in};
    bco_cpu_matmul(team, &p);
}

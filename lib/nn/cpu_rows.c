/* Matrix products for decoding: few rows of a against all of b, which is read
 * once. LANES rows of a lie turned side by side, so that an element of b
 * serves all of them at once. Each element of the result is one sum over k in
 * one order: a row's values depend neither on the rows beside it nor on the threads. */
#include "nn/cpu.h"
#include "nn/kernels.h"

#include <omp.h>

/* A product and a sum are one rounding where the machine can: GCC does so by itself only outside ISO C. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

enum {
    LANES = 16,  /* rows of a at once */
    ROWS = 6,    /* of op(b)^T at once: with LANES as AVX2's two vectors they fill its registers */
    BLOCK = 24,  /* of them a thread takes, and widens, at a time */
    TOKENS = 256 /* rows of a that are turned at a time */
};

/* GNU extension: LANES floats, in as many registers as they need. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Rows of a, turned, and what each thread widens. */
size_t bco_cpu_panel(int threads, size_t T, size_t k) {
    size_t rows = T < TOKENS ? (T + LANES - 1) / LANES * LANES : TOKENS;
    return (rows + (size_t)threads * BLOCK) * k;
}

/* Some rows of b: element k of row r is w[r * row + k * column]. What will be wanted next is asked for meanwhile: for
 * row r it begins at ahead + r * stride, `width` bytes an element. */
struct source {
    const float *w;
    size_t row, column;
    const char *ahead;
    size_t stride, width;
};

/* out[r][lane] = sum over k of b[r][k] * x[k][lane], `rows` rows from the `first` on. */
BCO_INLINE void multiply(const struct source *b, size_t first, size_t column, size_t k, const float *x, float *out,
                         size_t rows) {
    const float *w = b->w + first * b->row;
    const char *ahead = b->ahead + first * b->stride;
    size_t row = b->row, stride = b->stride, width = b->width;
    lanes sum[ROWS];
    for (size_t r = 0; r < rows; r++) sum[r] = (lanes){0};
    for (size_t begin = 0; begin < k; begin += LANES) {
        size_t end = begin + LANES < k ? begin + LANES : k;
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) __builtin_prefetch(ahead + r * stride + begin * width);
        for (size_t i = begin; i < end; i++) {
            const lanes at = *(const lanes *)(const void *)(x + i * LANES);
            if (column != 1) __builtin_prefetch(w + (i + LANES) * column);
#pragma GCC unroll 6
            for (size_t r = 0; r < rows; r++) sum[r] += w[r * row + i * column] * at;
        }
    }
    for (size_t r = 0; r < rows; r++) *(lanes *)(void *)(out + r * LANES) = sum[r];
}

BCO_CLONES static void rows_along(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, 1, k, x, out, ROWS);
}

BCO_CLONES static void rows_across(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, b->column, k, x, out, ROWS);
}

BCO_CLONES static void one_row(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, b->column, k, x, out, 1);
}

static void products(const struct source *b, size_t first, size_t rows, size_t k, const float *x, float *out) {
    (rows == 1 ? one_row : b->column == 1 ? rows_along : rows_across)(b, first, k, x, out);
}

/* c[t][r] = alpha * out[r][t] + beta * c[t][r] */
static void put(const struct bco_matmul *p, size_t t, size_t tokens, size_t r, size_t rows, const float *out) {
    for (size_t i = 0; i < tokens; i++) {
        float *c = p->c + (t + i) * p->ldc + r;
        for (size_t j = 0; j < rows; j++) c[j] = p->alpha * out[j * LANES + i] + (p->beta != 0 ? p->beta * c[j] : 0);
    }
}

/* Rows [begin, end) of b, in f32: where they are, or in `wide`. */
static struct source rows_of(const struct bco_matmul *p, size_t begin, size_t end, float *wide) {
    size_t rows = end - begin;
    if (!p->b_half.bits) {
        size_t row = p->transpose_b ? p->ldb : 1, column = p->transpose_b ? 1 : p->ldb;
        const float *w = p->b + begin * row;
        return (struct source){w, row, column, (const char *)(w + ROWS * row), row * sizeof *w, column * sizeof *w};
    }
    const char *bits = (const char *)p->b_half.bits;
    if (p->transpose_b) {
        bco_widen(p->b_half, begin * p->ldb, rows * p->k, wide);
        return (struct source){wide, p->k, 1, bits + 2 * end * p->ldb, 2 * p->ldb, 2};
    }
    for (size_t i = 0; i < p->k; i++) bco_widen(p->b_half, i * p->ldb + begin, rows, wide + i * rows);
    return (struct source){wide, 1, rows, bits + 2 * end, 2, 2 * p->ldb};
}

/* `tokens` rows of a, turned, with BLOCK rows of b. */
static void multiply_block(const struct bco_matmul *p, size_t block, size_t first, size_t tokens, const float *panel,
                           float *wide) {
    _Alignas(sizeof(lanes)) float out[ROWS * LANES];
    size_t begin = block * BLOCK, end = p->n - begin < BLOCK ? p->n : begin + BLOCK;
    const struct source b = rows_of(p, begin, end, wide);
    for (size_t r = begin, rows; r < end; r += rows) {
        rows = end - r < ROWS ? 1 : ROWS;
        for (size_t t = 0; t < tokens; t += LANES) {
            products(&b, r - begin, rows, p->k, panel + t * p->k, out);
            put(p, first + t, tokens - t < LANES ? tokens - t : LANES, r, rows, out);
        }
    }
}

/* LANES rows of a side by side; zeros beside the last ones. */
static void turn(const struct bco_matmul *p, size_t first, size_t tokens, size_t begin, size_t end, float *panel) {
    for (size_t t = 0; t < tokens; t += LANES)
        for (size_t i = begin; i < end; i++)
            for (size_t lane = 0; lane < LANES; lane++)
                panel[t * p->k + i * LANES + lane] = t + lane < tokens ? p->a[(first + t + lane) * p->lda + i] : 0;
}

void bco_cpu_matmul_rows(const struct bco_team *team, const struct bco_matmul *p) {
    size_t blocks = (p->n + BLOCK - 1) / BLOCK;
    float *panel = team->panel;
#pragma omp parallel num_threads(bco_team_for(team, p->n * p->k))
    {
        size_t begin, end, first_block, last_block;
        float *wide = panel + bco_cpu_panel(0, p->m, p->k) + (size_t)omp_get_thread_num() * BLOCK * p->k;
        bco_team_share(p->k, 1, &begin, &end);
        bco_team_share(blocks, 1, &first_block, &last_block);
        for (size_t first = 0; first < p->m; first += TOKENS) {
            size_t tokens = p->m - first < TOKENS ? p->m - first : TOKENS;
            turn(p, first, tokens, begin, end, panel);
#pragma omp barrier
            for (size_t b = first_block; b < last_block; b++) multiply_block(p, b, first, tokens, panel, wide);
#pragma omp barrier
        }
    }
}

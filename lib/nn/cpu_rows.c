/* Matrix products for decoding: few rows of a against all of b, which is read
 * once. LANES rows of a lie turned side by side, so that an element of b
 * serves all of them at once. Each element of the result is one sum over k in
 * one order: a row's values depend neither on the rows beside it nor on the threads. */
#include "nn/cpu.h"
#include "nn/lanes.h"

#include <omp.h>

/* A product and a sum are one rounding where the machine can: GCC does so by itself only outside ISO C. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

enum {
    ROWS = 6,     /* of op(b)^T at once: with LANES rows of a as AVX2's two vectors they fill its registers */
    BLOCK = 24,   /* of them a thread takes, and widens, at a time */
    TOKENS = 256, /* rows of a that are turned at a time */
    LINE = 64     /* bytes */
};

/* Rows of a, turned, and what each thread widens. */
size_t bco_cpu_panel(int threads, size_t T, size_t k) {
    size_t rows = T < TOKENS ? (T + LANES - 1) / LANES * LANES : TOKENS;
    return (rows + (size_t)threads * BLOCK) * k;
}

/* Some rows of b: element k of row r is w[r * row + k * column]. `ahead` is what will be wanted next, which is asked
 * for meanwhile: in 32 bits an element or, where they were widened, in 16. */
struct source {
    const float *w;
    size_t row, column;
    const char *ahead;
    bool widened;
};

/* In the order of their addresses and into the second level: the machine's own reading ahead goes on from there. */
BCO_INLINE void ask(const char *ahead, size_t lines) {
#pragma GCC unroll 6
    for (size_t i = 0; i < lines; i++) __builtin_prefetch(ahead + i * LINE, 0, 2);
}

/* sum[r] += w[r] * x, elements [0, k) of each row */
BCO_INLINE void multiply_some(const float *w, size_t row, size_t column, size_t k, const float *x, lanes *sum,
                              size_t rows) {
#pragma GCC unroll 16
    for (size_t i = 0; i < k; i++) {
        const lanes at = *(const lanes *)(const void *)(x + i * LANES);
        if (column != 1) __builtin_prefetch(w + (i + LANES) * column);
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) sum[r] += w[r * row + i * column] * at;
    }
}

/* out[r][lane] = sum over k of b[r][k] * x[k][lane], `rows` rows from the `first` on. */
BCO_INLINE void multiply(const struct source *b, size_t first, size_t column, size_t lines, size_t k, const float *x,
                         float *out, size_t rows) {
    const float *w = b->w + first * b->row;
    const char *ahead = b->ahead + first / ROWS * (k / LANES * lines * LINE);
    size_t row = b->row, i = 0;
    lanes sum[ROWS];
    for (size_t r = 0; r < rows; r++) sum[r] = (lanes){0};
    for (; i + LANES <= k; i += LANES) {
        ask(ahead + i / LANES * lines * LINE, lines);
        multiply_some(w + i * column, row, column, LANES, x + i * LANES, sum, rows);
    }
    if (i < k) multiply_some(w + i * column, row, column, k - i, x + i * LANES, sum, rows);
    for (size_t r = 0; r < rows; r++) *(lanes *)(void *)(out + r * LANES) = sum[r];
}

BCO_CLONES static void rows_along(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, 1, ROWS, k, x, out, ROWS);
}

BCO_CLONES static void rows_widened(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, 1, ROWS / 2, k, x, out, ROWS);
}

BCO_CLONES static void rows_across(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, b->column, 0, k, x, out, ROWS);
}

BCO_CLONES static void one_row(const struct source *b, size_t first, size_t k, const float *x, float *out) {
    multiply(b, first, b->column, 0, k, x, out, 1);
}

static void products(const struct source *b, size_t first, size_t rows, size_t k, const float *x, float *out) {
    (rows == 1 ? one_row : b->column != 1 ? rows_across : b->widened ? rows_widened : rows_along)(b, first, k, x, out);
}

/* c[t][r] = alpha * out[r][t] + beta * c[t][r], for up to LANES of r */
BCO_CLONES static void put(const struct bco_matmul *p, size_t t, size_t tokens, size_t r, size_t rows,
                           const float *out) {
    lanes tile[LANES];
    memcpy(tile, out, sizeof tile);
    lanes_transpose(tile);
    for (size_t i = 0; i < tokens; i++) {
        float *c = p->c + (t + i) * p->ldc + r;
        lanes at = tile[i] * p->alpha, old = {0};
        if (p->beta != 0) memcpy(&old, c, rows * sizeof *c);
        if (p->beta != 0) at += p->beta * old;
        lanes_store(c, &at, rows);
    }
}

/* Where a product's `block`th rows of b are. */
static const char *place_of(const float *b, struct bco_half half, size_t ldb, size_t block) {
    return half.bits ? (const char *)(half.bits + block * BLOCK * ldb) : (const char *)(b + block * BLOCK * ldb);
}

/* What a thread does in a product. */
struct job {
    const struct bco_matmul *p;
    size_t first, last; /* blocks */
    const char *next;   /* the memory that it reads after them */
    float *wide;
};

static struct job job_of(const struct bco_matmul *p, float *wide) {
    const struct bco_linear *next = p->next;
    struct job job = {.p = p, .wide = wide};
    size_t first, last;
    bco_team_share((p->n + BLOCK - 1) / BLOCK, 1, &job.first, &job.last);
    job.next = place_of(p->b, p->b_half, p->ldb, job.last);
    if (!next || next->by_input) return job;
    bco_team_share((next->out + BLOCK - 1) / BLOCK, 1, &first, &last);
    job.next = place_of(next->weight, next->half, next->in, first);
    return job;
}

/* A block's rows of b, in f32: where they are, or in `wide`. */
static struct source rows_of(const struct job *job, size_t block, size_t rows) {
    const struct bco_matmul *p = job->p;
    size_t begin = block * BLOCK, row = p->transpose_b ? p->ldb : 1, column = p->transpose_b ? 1 : p->ldb;
    const char *ahead = block + 1 < job->last ? place_of(p->b, p->b_half, p->ldb, block + 1) : job->next;
    if (!p->b_half.bits) return (struct source){p->b + begin * row, row, column, ahead, false};
    if (p->transpose_b)
        bco_widen(p->b_half, begin * p->ldb, rows * p->k, job->wide);
    else
        for (size_t i = 0; i < p->k; i++) bco_widen(p->b_half, i * p->ldb + begin, rows, job->wide + i * rows);
    return (struct source){job->wide, p->transpose_b ? p->k : 1, p->transpose_b ? 1 : rows, ahead, true};
}

/* `tokens` rows of a, turned, with BLOCK rows of b. */
static void multiply_block(const struct job *job, size_t block, size_t first, size_t tokens, const float *panel) {
    _Alignas(sizeof(lanes)) float out[(BLOCK + LANES) * LANES];
    const struct bco_matmul *p = job->p;
    size_t begin = block * BLOCK, end = p->n - begin < BLOCK ? p->n : begin + BLOCK;
    const struct source b = rows_of(job, block, end - begin);
    for (size_t t = 0; t < tokens; t += LANES) {
        size_t count = tokens - t < LANES ? tokens - t : LANES;
        for (size_t r = begin, rows; r < end; r += rows) {
            rows = end - r < ROWS ? 1 : ROWS;
            products(&b, r - begin, rows, p->k, panel + t * p->k, out + (r - begin) * LANES);
        }
        for (size_t r = begin; r < end; r += LANES)
            put(p, first + t, count, r, end - r < LANES ? end - r : LANES, out + (r - begin) * LANES);
    }
}

/* LANES rows of a side by side, columns [begin, end); zeros beside the last ones. */
BCO_CLONES static void turn(const struct bco_matmul *p, size_t first, size_t tokens, size_t begin, size_t end,
                            float *panel) {
    for (size_t i = begin; i < end; i += LANES) {
        size_t columns = end - i < LANES ? end - i : LANES;
        for (size_t t = 0; t < tokens; t += LANES) {
            lanes tile[LANES] = {{0}};
            for (size_t lane = 0; lane < LANES && t + lane < tokens; lane++)
                memcpy(&tile[lane], p->a + (first + t + lane) * p->lda + i, columns * sizeof *p->a);
            lanes_transpose(tile);
            memcpy(panel + t * p->k + i * LANES, tile, columns * sizeof *tile);
        }
    }
}

void bco_cpu_matmul_rows(const struct bco_team *team, const struct bco_matmul *p) {
    float *panel = team->panel, *wide = panel + bco_cpu_panel(0, p->m, p->k);
#pragma omp parallel num_threads(bco_team_for(team, p->n * p->k))
    {
        size_t begin, end;
        const struct job job = job_of(p, wide + (size_t)omp_get_thread_num() * BLOCK * p->k);
        bco_team_share(p->k, LANES, &begin, &end);
        for (size_t first = 0; first < p->m; first += TOKENS) {
            size_t tokens = p->m - first < TOKENS ? p->m - first : TOKENS;
            turn(p, first, tokens, begin, end, panel);
#pragma omp barrier
            for (size_t b = job.first; b < job.last; b++) multiply_block(&job, b, first, tokens, panel);
            if (first + TOKENS < p->m) {
#pragma omp barrier
            }
        }
    }
}

/* Matrix products for decoding: few rows of a against all of b, which is read
 * once. LANES rows of a lie turned side by side, so that an element of b
 * serves all of them at once. Each element of the result is one sum over k in
 * one order: a row's values depend neither on the rows beside it nor on the threads. */
#include "nn/cpu.h"
#include "nn/lanes.h"

#include <omp.h>
#include <stdatomic.h>

/* A product and a sum are one rounding where the machine can: GCC does so by itself only outside ISO C. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

enum {
    ROWS = 6,     /* of op(b)^T at once: with LANES rows of a as AVX2's two vectors they fill its registers */
    BLOCK = 24,   /* of them a thread takes, and widens, at a time */
    TOKENS = 256, /* rows of a that are turned at a time */
    LINE = 64,    /* bytes */
    SHARES = 64   /* threads at most: few rows give no more of them work */
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

/* Where a product's rows of b are, from the `row`th on. */
static const char *place_of(const float *b, struct bco_half half, size_t ldb, size_t row) {
    return half.bits ? (const char *)(half.bits + row * ldb) : (const char *)(b + row * ldb);
}

/* The blocks that a thread has still to take: the first one in the upper half, the end in the lower. */
struct share {
    _Alignas(LINE) atomic_uint_least64_t left;
};

/* What a thread does in a product. */
struct job {
    const struct bco_matmul *p;
    struct share *shares; /* of all threads */
    size_t first, last;   /* its blocks, at first */
    const char *next;     /* the memory that it reads after them */
    float *wide;
};

/* Of the first n rows of b. */
static struct job job_of(const struct bco_matmul *p, struct share *shares, size_t n, float *wide) {
    const struct bco_linear *next = p->next;
    struct job job = {.p = p, .shares = shares, .wide = wide};
    size_t first, last;
    bco_team_share((n + BLOCK - 1) / BLOCK, 1, &job.first, &job.last);
    job.next = place_of(p->b, p->b_half, p->ldb, job.last * BLOCK);
    if (!next || next->by_input) return job;
    bco_team_share((next->out + BLOCK - 1) / BLOCK, 1, &first, &last);
    job.next = place_of(next->weight, next->half, next->in, first * BLOCK);
    return job;
}

/* A thread's share is full again. A barrier must lie between this and the first take. */
static void refill(const struct job *job) {
    atomic_store(&job->shares[omp_get_thread_num()].left, (uint64_t)job->first << 32 | job->last);
}

/* One block of a share: the first for the thread whose share it is, the last for others. */
static bool take_from(struct share *share, bool own, size_t *block) {
    uint64_t left = atomic_load(&share->left), first, last, rest;
    do {
        first = left >> 32;
        last = left & UINT32_MAX;
        if (first >= last) return false;
        rest = own ? (first + 1) << 32 | last : first << 32 | (last - 1);
    } while (!atomic_compare_exchange_weak(&share->left, &left, rest));
    *block = own ? first : last - 1;
    return true;
}

/* The next block: of its own, then of those whose core is busy with something else. A block's values do not hang on who
 * computes it. */
static bool take(const struct job *job, size_t *block) {
    int me = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int i = 0; i < threads; i++)
        if (take_from(&job->shares[(me + i) % threads], i == 0, block)) return true;
    return false;
}

/* Some rows of b, in f32: where they are, or in the job's `wide`. */
static struct source rows_of(const struct job *job, size_t begin, size_t rows, const char *ahead) {
    const struct bco_matmul *p = job->p;
    size_t row = p->transpose_b ? p->ldb : 1, column = p->transpose_b ? 1 : p->ldb;
    if (!p->b_half.bits) return (struct source){p->b + begin * row, row, column, ahead, false};
    if (p->transpose_b)
        bco_widen(p->b_half, begin * p->ldb, rows * p->k, job->wide);
    else
        for (size_t i = 0; i < p->k; i++) bco_widen(p->b_half, i * p->ldb + begin, rows, job->wide + i * rows);
    return (struct source){job->wide, p->transpose_b ? p->k : 1, p->transpose_b ? 1 : rows, ahead, true};
}

static void multiply_rows(const struct source *b, size_t rows, size_t k, const float *x, float *out) {
    for (size_t r = 0, some; r < rows; r += some) {
        some = rows - r < ROWS ? 1 : ROWS;
        products(b, r, some, k, x, out + r * LANES);
    }
}

/* `tokens` rows of a, turned, with BLOCK rows of b. */
static void multiply_block(const struct job *job, size_t block, size_t first, size_t tokens, const float *panel) {
    _Alignas(sizeof(lanes)) float out[(BLOCK + LANES) * LANES];
    const struct bco_matmul *p = job->p;
    size_t begin = block * BLOCK, rows = p->n - begin < BLOCK ? p->n - begin : BLOCK;
    const char *ahead = block + 1 < job->last ? place_of(p->b, p->b_half, p->ldb, begin + BLOCK) : job->next;
    const struct source b = rows_of(job, begin, rows, ahead);
    for (size_t t = 0; t < tokens; t += LANES) {
        size_t count = tokens - t < LANES ? tokens - t : LANES;
        multiply_rows(&b, rows, p->k, panel + t * p->k, out);
        for (size_t r = 0; r < rows; r += LANES)
            put(p, first + t, count, begin + r, rows - r < LANES ? rows - r : LANES, out + r * LANES);
    }
}

/* LANES rows of a side by side, columns [begin, end); zeros beside the last ones. */
BCO_CLONES static void turn(const struct bco_matmul *p, size_t first, size_t tokens, size_t begin, size_t end,
                            float *panel) {
    for (size_t t = 0; t < tokens; t += LANES)
        for (size_t i = begin; i < end; i += LANES) {
            size_t columns = end - i < LANES ? end - i : LANES;
            lanes tile[LANES] = {{0}};
            for (size_t lane = 0; lane < LANES && t + lane < tokens; lane++)
                lanes_load(&tile[lane], p->a + (first + t + lane) * p->lda + i, columns);
            lanes_transpose(tile);
            memcpy(panel + t * p->k + i * LANES, tile, columns * sizeof *tile);
        }
}

static int threads_for(const struct bco_team *team, size_t work) {
    int threads = bco_team_for(team, work);
    return threads < SHARES ? threads : SHARES;
}

void bco_cpu_matmul_rows(const struct bco_team *team, const struct bco_matmul *p) {
    float *panel = team->panel, *wide = panel + bco_cpu_panel(0, p->m, p->k);
    struct share shares[SHARES];
#pragma omp parallel num_threads(threads_for(team, p->n * p->k))
    {
        size_t begin, end, b;
        const struct job job = job_of(p, shares, p->n, wide + (size_t)omp_get_thread_num() * BLOCK * p->k);
        bco_team_share(p->k, LANES, &begin, &end);
        for (size_t first = 0; first < p->m; first += TOKENS) {
            size_t tokens = p->m - first < TOKENS ? p->m - first : TOKENS;
            turn(p, first, tokens, begin, end, panel);
            refill(&job);
#pragma omp barrier
            while (take(&job, &b)) multiply_block(&job, b, first, tokens, panel);
            if (first + TOKENS < p->m) {
#pragma omp barrier
            }
        }
    }
}

/* BLOCK rows of the gate and of what it lets through, into the panel of the product that follows. */
static void feed_block(const struct job *job, enum bco_activation kind, size_t block, const float *panel, float *act) {
    _Alignas(sizeof(lanes)) float out[2][BLOCK * LANES];
    const struct bco_matmul *p = job->p;
    size_t F = p->n / 2, begin = block * BLOCK, rows = F - begin < BLOCK ? F - begin : BLOCK;
    for (size_t up = 0; up < 2; up++) {
        size_t row = up * F + begin;
        bool last = !up && block + 1 == job->last;
        const struct source b =
            rows_of(job, row, rows, last ? job->next : place_of(p->b, p->b_half, p->ldb, row + BLOCK));
        multiply_rows(&b, rows, p->k, panel, out[up]);
    }
    bco_cpu_activate(kind, out[0], out[1], act + begin * LANES, rows * LANES);
}

bool bco_cpu_feed_forward(const struct bco_team *team, const struct bco_linear *up, const struct bco_linear *down,
                          enum bco_activation kind, size_t T, const float *x, float *y) {
    const struct bco_matmul first = bco_cpu_product(up, T, x, NULL), second = bco_cpu_product(down, T, NULL, y);
    size_t widest = up->in > down->in ? up->in : down->in, panels = (up->in + down->in) * LANES;
    bool plain = !up->by_input && !down->by_input && !up->bias && !down->bias && kind != BCO_GELU;
    if (!plain || T > LANES || team->bf16 || !team->panel) return false;
    if (panels + (size_t)team->threads * BLOCK * widest > team->panel_size) return false;
    float *act = team->panel, *panel = act + down->in * LANES;
    struct share shares[2][SHARES];
#pragma omp parallel num_threads(threads_for(team, up->out * up->in))
    {
        size_t begin, end, b;
        float *wide = act + panels + (size_t)omp_get_thread_num() * BLOCK * widest;
        const struct job job = job_of(&first, shares[0], down->in, wide),
                         after = job_of(&second, shares[1], second.n, wide);
        bco_team_share(up->in, LANES, &begin, &end);
        turn(&first, 0, T, begin, end, panel);
        refill(&job);
        refill(&after);
#pragma omp barrier
        while (take(&job, &b)) feed_block(&job, kind, b, panel, act);
#pragma omp barrier
        while (take(&after, &b)) multiply_block(&after, b, 0, T, act);
    }
    return true;
}

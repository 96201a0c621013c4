/* Causal attention in blocks of queries (after Dao et al., FlashAttention, 2022):
 * only [BLOCK, keys] scores exist at a time; the backward makes them again from
 * the kept logarithm of each row's sum. With P = softmax(S), S = scale Q K^T:
 *   dV = P^T dO,  dP = dO V^T,  dS = P * (dP - rowsum(dO * O)),  dQ = scale dS K,  dK = scale dS^T Q. */
#include "nn/cpu.h"
#include "nn/rows.h"

#include <math.h>

#define BLOCK 64 /* queries whose scores exist at a time */

/* One block: queries at positions [first, first+rows) against keys [low, low+columns). */
struct block {
    size_t row; /* of q, of its first query */
    size_t first, rows;
    size_t low, columns;
};

size_t bco_cpu_attention_scratch(const struct bco_attention *shape) {
    size_t keys = shape->max_keys;
    return 2 * BLOCK * keys + BLOCK;
}

static struct block block_at(const struct bco_attention *shape, const struct bco_segment *segment, size_t start) {
    size_t rows = segment->queries - start < BLOCK ? segment->queries - start : BLOCK;
    size_t first = segment->keys - segment->queries + start;
    size_t low = shape->window && first + 1 > shape->window ? first + 1 - shape->window : 0;
    return (struct block){segment->first + start, first, rows, low, first + rows - low};
}

/* The keys that row i of a block sees: [from, to) among its columns. */
static void seen(const struct bco_attention *shape, const struct block *block, size_t i, size_t *from, size_t *to) {
    size_t position = block->first + i;
    *to = position + 1 - block->low;
    *from = shape->window && position + 1 > shape->window ? position + 1 - shape->window - block->low : 0;
}

static void clear_unseen(float *row, size_t from, size_t to, size_t columns) {
    memset(row, 0, from * sizeof *row);
    memset(row + to, 0, (columns - to) * sizeof *row);
}

/* A block's columns [at, at+count), whose keys lie one behind the other. */
struct run {
    size_t at, count;
    const float *k, *v;
    float *dk, *dv;
};

static struct run run_at(const struct bco_attention *shape, const struct bco_segment *segment, size_t kv, size_t row,
                         size_t at, size_t count) {
    size_t first = row * shape->ldkv + kv * shape->head_dim;
    return (struct run){at,
                        count,
                        segment->k + first,
                        segment->v + first,
                        segment->dk ? segment->dk + first : NULL,
                        segment->dv ? segment->dv + first : NULL};
}

/* The block's keys: of those that are shared, and of the segment's own. How many runs they are. */
static size_t runs_of(const struct bco_attention *shape, const struct bco_segment *segments,
                      const struct bco_segment *segment, const struct block *block, size_t kv, struct run run[2]) {
    size_t shared = segment->shared > block->low ? segment->shared - block->low : 0, count = 0;
    if (shared) run[count++] = run_at(shape, &segments[segment->leader], kv, block->low, 0, shared);
    run[count++] = run_at(shape, segment, kv, block->low + shared - segment->shared, shared, block->columns - shared);
    return count;
}

static void product(size_t m, size_t n, size_t k, float alpha, struct bco_matrix a, struct bco_matrix b, float beta,
                    float *c, size_t ldc) {
    struct bco_matmul p = bco_product(m, n, k, alpha, a, b, beta, c, ldc);
    bco_matmul_single(&p);
}

/* scores[rows, columns] = alpha * X K^T, or X V^T where `values` */
static void against_keys(const struct bco_attention *shape, const struct block *block, size_t runs,
                         const struct run *run, bool values, float alpha, struct bco_matrix x, float *scores) {
    for (size_t r = 0; r < runs; r++)
        product(block->rows, run[r].count, shape->head_dim, alpha, x,
                (struct bco_matrix){values ? run[r].v : run[r].k, shape->ldkv, true}, 0, scores + run[r].at,
                block->columns);
}

static void softmax_rows(const struct bco_attention *shape, const struct block *block, float *scores, float *logsum) {
    for (size_t i = 0; i < block->rows; i++) {
        float *row = scores + i * block->columns;
        size_t from, to;
        seen(shape, block, i, &from, &to);
        float most = greatest(row + from, to - from);
        float total = exponentials(row + from, most, to - from);
        multiply(row + from, 1 / total, to - from);
        clear_unseen(row, from, to, block->columns);
        if (logsum) logsum[i * shape->heads] = most + logf(total);
    }
}

static void forward_block(const struct bco_attention *shape, const struct bco_segment *segments,
                          const struct bco_segment *segment, const struct block *block, size_t head, const float *q,
                          float *out, float *logsum, float *scratch) {
    size_t D = shape->head_dim;
    struct run run[2];
    size_t runs = runs_of(shape, segments, segment, block, head / (shape->heads / shape->kv_heads), run);
    struct bco_matrix query = {q + block->row * shape->ldq + head * D, shape->ldq, false};
    against_keys(shape, block, runs, run, false, shape->scale, query, scratch);
    softmax_rows(shape, block, scratch, logsum ? logsum + block->row * shape->heads + head : NULL);
    for (size_t r = 0; r < runs; r++)
        product(block->rows, D, run[r].count, 1, (struct bco_matrix){scratch + run[r].at, block->columns, false},
                (struct bco_matrix){run[r].v, shape->ldkv, false}, r > 0, out + block->row * shape->ldo + head * D,
                shape->ldo);
}

/* One query whose keys lie one behind the other: `wide` key/value heads, and all the heads that share them, with the
 * first of these. The keys `ahead` are those of the segment that this thread will have next, if all goes evenly. */
static void forward_one(const struct bco_attention *shape, const struct bco_segment *segment, size_t wide,
                        const float *ahead, const struct block *block, size_t head, const float *q, float *out,
                        float *logsum, float *scratch) {
    size_t group = shape->heads / shape->kv_heads, D = shape->head_dim;
    if (head % (group * wide)) return;
    struct run run = run_at(shape, segment, head / group, block->low, 0, block->columns);
    bco_cpu_attend(shape, group * wide, q + block->row * shape->ldq + head * D, run.k, run.v,
                   ahead + (run.k - segment->k), block->columns, scratch, out + block->row * shape->ldo + head * D,
                   logsum ? logsum + block->row * shape->heads + head : NULL);
}

static size_t work_of(const struct bco_attention *shape, size_t segments, const struct bco_segment *segment) {
    size_t work = 0;
    for (size_t s = 0; s < segments; s++) work += segment[s].queries * segment[s].keys;
    return work * shape->heads * shape->head_dim / 8;
}

void bco_cpu_attention(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                       const struct bco_segment *segment, const float *q, float *out, float *logsum) {
    size_t tasks = segments * shape->heads, threads = (size_t)team->threads;
    bool many = segments >= 4 * threads; /* a segment is one thread's then */
    size_t chunk = many ? shape->heads : 1, wide = many ? shape->kv_heads : 1;
#pragma omp parallel for num_threads(bco_team_for(team, work_of(shape, segments, segment))) schedule(dynamic, chunk)
    for (size_t task = 0; task < tasks; task++) {
        const struct bco_segment *s = segment + task / shape->heads;
        size_t head = task % shape->heads;
        float *scratch = bco_team_scratch(team);
        const float *ahead = s[task + threads * shape->heads < tasks ? threads : 0].k;
        for (size_t start = 0; start < s->queries; start += BLOCK) {
            struct block block = block_at(shape, s, start);
            if (block.rows == 1 && !s->shared)
                forward_one(shape, s, wide, ahead, &block, head, q, out, logsum, scratch);
            else
                forward_block(shape, segment, s, &block, head, q, out, logsum, scratch);
        }
    }
}

BCO_CLONES static float dot(const float *restrict a, const float *restrict b, size_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t i = 0; i < n; i++) total += a[i] * b[i];
    return total;
}

/* p = exp(s - logsum);  ds = p * (dp - delta) */
BCO_CLONES static void score_gradients(float *restrict p, float *restrict dp, float logsum, float delta, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float e = bco_expf(p[i] - logsum);
        p[i] = e;
        dp[i] = e * (dp[i] - delta);
    }
}

struct backward {
    const float *q, *out, *logsum, *dout;
    float *dq;
};

/* Turns scores into P and dP into dS. */
static void backward_rows(const struct bco_attention *shape, const struct block *block, size_t head,
                          const struct backward *b, float *scores, float *dscores) {
    size_t D = shape->head_dim;
    for (size_t i = 0; i < block->rows; i++) {
        size_t token = block->row + i, from, to;
        float *row = scores + i * block->columns, *drow = dscores + i * block->columns;
        float delta = dot(b->dout + token * shape->ldo + head * D, b->out + token * shape->ldo + head * D, D);
        seen(shape, block, i, &from, &to);
        score_gradients(row + from, drow + from, b->logsum[token * shape->heads + head], delta, to - from);
        clear_unseen(row, from, to, block->columns);
        clear_unseen(drow, from, to, block->columns);
    }
}

static void backward_block(const struct bco_attention *shape, const struct bco_segment *segments,
                           const struct bco_segment *segment, const struct block *block, size_t head,
                           const struct backward *b, float *scratch) {
    size_t D = shape->head_dim, rows = block->rows, n = block->columns, ld = shape->ldkv;
    struct run run[2];
    size_t runs = runs_of(shape, segments, segment, block, head / (shape->heads / shape->kv_heads), run);
    struct bco_matrix q = {b->q + block->row * shape->ldq + head * D, shape->ldq, false};
    struct bco_matrix dout = {b->dout + block->row * shape->ldo + head * D, shape->ldo, false};
    float *scores = scratch, *dscores = scratch + BLOCK * shape->max_keys;
    against_keys(shape, block, runs, run, false, shape->scale, q, scores);
    against_keys(shape, block, runs, run, true, 1, dout, dscores);
    backward_rows(shape, block, head, b, scores, dscores);
    for (size_t r = 0; r < runs; r++) {
        struct bco_matrix p = {scores + run[r].at, n, true}, ds = {dscores + run[r].at, n, false}, ds_turned = ds;
        ds_turned.transpose = true;
        product(run[r].count, D, rows, 1, p, dout, 1, run[r].dv, ld);
        product(run[r].count, D, rows, shape->scale, ds_turned, q, 1, run[r].dk, ld);
        product(rows, D, run[r].count, shape->scale, ds, (struct bco_matrix){run[r].k, ld, false}, r > 0,
                b->dq + block->row * shape->ldq + head * D, shape->ldq);
    }
}

static void clear_head(float *x, size_t rows, size_t ld, size_t D) {
    for (size_t i = 0; i < rows; i++) memset(x + i * ld, 0, D * sizeof *x);
}

/* A key/value head and all the query heads that share it. */
static void backward_segment(const struct bco_team *team, const struct bco_attention *shape,
                             const struct bco_segment *segments, const struct bco_segment *segment, size_t kv,
                             const struct backward *b) {
    size_t group = shape->heads / shape->kv_heads, own = segment->keys - segment->shared;
    clear_head(segment->dk + kv * shape->head_dim, own, shape->ldkv, shape->head_dim);
    clear_head(segment->dv + kv * shape->head_dim, own, shape->ldkv, shape->head_dim);
    for (size_t head = kv * group; head < (kv + 1) * group; head++)
        for (size_t start = 0; start < segment->queries; start += BLOCK) {
            struct block block = block_at(shape, segment, start);
            backward_block(shape, segments, segment, &block, head, b, bco_team_scratch(team));
        }
}

/* A key/value head of a segment and of all that share its keys is one thread's: nothing to add up between threads. */
void bco_cpu_attention_backward(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                                const struct bco_segment *segment, const float *q, const float *out,
                                const float *logsum, const float *dout, float *dq) {
    const struct backward b = {q, out, logsum, dout, dq};
    size_t tasks = segments * shape->kv_heads;
#pragma omp parallel for num_threads(bco_team_for(team, 2 * work_of(shape, segments, segment))) schedule(dynamic)
    for (size_t task = 0; task < tasks; task++) {
        size_t s = task / shape->kv_heads;
        if (segment[s].shared) continue;
        do backward_segment(team, shape, segment, &segment[s], task % shape->kv_heads, &b);
        while ((s = segment[s].next) != 0);
    }
}

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

/* scores[rows, columns] = scale * Q K^T */
static void scores_of(const struct bco_attention *shape, const struct block *block, const float *q, const float *k,
                      float *scores) {
    struct bco_matmul p = {.transpose_b = true,
                           .m = block->rows,
                           .n = block->columns,
                           .k = shape->head_dim,
                           .alpha = shape->scale,
                           .a = q,
                           .lda = shape->ldq,
                           .b = k,
                           .ldb = shape->ldkv,
                           .c = scores,
                           .ldc = block->columns};
    bco_matmul_single(&p);
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

static void forward_block(const struct bco_attention *shape, const struct bco_segment *segment,
                          const struct block *block, size_t head, const float *q, float *out, float *logsum,
                          float *scratch) {
    size_t D = shape->head_dim, kv = head / (shape->heads / shape->kv_heads);
    const float *k = segment->k + block->low * shape->ldkv + kv * D;
    const float *v = segment->v + block->low * shape->ldkv + kv * D;
    if (block->rows == 1) {
        bco_cpu_attend(shape, q + block->row * shape->ldq + head * D, k, v, block->columns, scratch,
                       out + block->row * shape->ldo + head * D,
                       logsum ? logsum + block->row * shape->heads + head : NULL);
        return;
    }
    scores_of(shape, block, q + block->row * shape->ldq + head * D, k, scratch);
    softmax_rows(shape, block, scratch, logsum ? logsum + block->row * shape->heads + head : NULL);
    struct bco_matmul p = {.m = block->rows,
                           .n = D,
                           .k = block->columns,
                           .alpha = 1,
                           .a = scratch,
                           .lda = block->columns,
                           .b = v,
                           .ldb = shape->ldkv,
                           .c = out + block->row * shape->ldo + head * D,
                           .ldc = shape->ldo};
    bco_matmul_single(&p);
}

static size_t work_of(const struct bco_attention *shape, size_t segments, const struct bco_segment *segment) {
    size_t work = 0;
    for (size_t s = 0; s < segments; s++) work += segment[s].queries * segment[s].keys;
    return work * shape->heads * shape->head_dim / 8;
}

void bco_cpu_attention(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                       const struct bco_segment *segment, const float *q, float *out, float *logsum) {
    size_t tasks = segments * shape->heads;
#pragma omp parallel for num_threads(bco_team_for(team, work_of(shape, segments, segment))) schedule(dynamic)
    for (size_t task = 0; task < tasks; task++) {
        const struct bco_segment *s = segment + task / shape->heads;
        for (size_t start = 0; start < s->queries; start += BLOCK) {
            struct block block = block_at(shape, s, start);
            forward_block(shape, s, &block, task % shape->heads, q, out, logsum, bco_team_scratch(team));
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

static void backward_block(const struct bco_attention *shape, const struct bco_segment *segment,
                           const struct block *block, size_t head, const struct backward *b, float *scratch) {
    size_t D = shape->head_dim, kv = head / (shape->heads / shape->kv_heads), n = block->columns;
    size_t at = block->low * shape->ldkv + kv * D;
    const float *q = b->q + block->row * shape->ldq + head * D;
    const float *dout = b->dout + block->row * shape->ldo + head * D;
    float *scores = scratch, *dscores = scratch + BLOCK * shape->max_keys;
    scores_of(shape, block, q, segment->k + at, scores);
    struct bco_matmul dp = {.transpose_b = true,
                            .m = block->rows,
                            .n = n,
                            .k = D,
                            .alpha = 1,
                            .a = dout,
                            .lda = shape->ldo,
                            .b = segment->v + at,
                            .ldb = shape->ldkv,
                            .c = dscores,
                            .ldc = n};
    bco_matmul_single(&dp);
    backward_rows(shape, block, head, b, scores, dscores);
    struct bco_matmul dv = {.transpose_a = true,
                            .m = n,
                            .n = D,
                            .k = block->rows,
                            .alpha = 1,
                            .a = scores,
                            .lda = n,
                            .b = dout,
                            .ldb = shape->ldo,
                            .beta = 1,
                            .c = segment->dv + at,
                            .ldc = shape->ldkv};
    bco_matmul_single(&dv);
    struct bco_matmul dk = {.transpose_a = true,
                            .m = n,
                            .n = D,
                            .k = block->rows,
                            .alpha = shape->scale,
                            .a = dscores,
                            .lda = n,
                            .b = q,
                            .ldb = shape->ldq,
                            .beta = 1,
                            .c = segment->dk + at,
                            .ldc = shape->ldkv};
    bco_matmul_single(&dk);
    struct bco_matmul dq = {.m = block->rows,
                            .n = D,
                            .k = n,
                            .alpha = shape->scale,
                            .a = dscores,
                            .lda = n,
                            .b = segment->k + at,
                            .ldb = shape->ldkv,
                            .c = b->dq + block->row * shape->ldq + head * D,
                            .ldc = shape->ldq};
    bco_matmul_single(&dq);
}

static void clear_head(float *x, size_t rows, size_t ld, size_t D) {
    for (size_t i = 0; i < rows; i++) memset(x + i * ld, 0, D * sizeof *x);
}

/* A key/value head and all the query heads that share it are one thread's: nothing to add up between threads. */
void bco_cpu_attention_backward(const struct bco_team *team, const struct bco_attention *shape, size_t segments,
                                const struct bco_segment *segment, const float *q, const float *out,
                                const float *logsum, const float *dout, float *dq) {
    const struct backward b = {q, out, logsum, dout, dq};
    size_t group = shape->heads / shape->kv_heads, tasks = segments * shape->kv_heads;
#pragma omp parallel for num_threads(bco_team_for(team, 2 * work_of(shape, segments, segment))) schedule(dynamic)
    for (size_t task = 0; task < tasks; task++) {
        const struct bco_segment *s = segment + task / shape->kv_heads;
        size_t kv = task % shape->kv_heads;
        clear_head(s->dk + kv * shape->head_dim, s->keys, shape->ldkv, shape->head_dim);
        clear_head(s->dv + kv * shape->head_dim, s->keys, shape->ldkv, shape->head_dim);
        for (size_t head = kv * group; head < (kv + 1) * group; head++)
            for (size_t start = 0; start < s->queries; start += BLOCK) {
                struct block block = block_at(shape, s, start);
                backward_block(shape, s, &block, head, &b, bco_team_scratch(team));
            }
    }
}

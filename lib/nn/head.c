#include "nn/head.h"

#define CHUNK_BYTES ((size_t)48 << 20) /* of logits */
#define CHUNK_ROWS 4096

static void *carve(char *base, size_t *used, size_t count, size_t size) {
    void *piece = base ? base + *used : NULL;
    *used += (count * size + 63) / 64 * 64;
    return piece;
}

static size_t place(const struct bco_model *model, struct bco_head *h, char *base, bool train) {
    size_t C = model->config.channels, V = model->config.vocabulary, used = 0;
    size_t rows = CHUNK_BYTES / (V * sizeof(float));
    h->chunk = rows < 16 ? 16 : rows > CHUNK_ROWS ? CHUNK_ROWS : rows;
    if (h->chunk > h->count) h->chunk = h->count;
    h->rows = carve(base, &used, h->count, sizeof *h->rows);
    h->targets = carve(base, &used, h->count, sizeof *h->targets);
    h->logp = carve(base, &used, h->count, sizeof *h->logp);
    h->sums = carve(base, &used, h->count, sizeof *h->sums);
    h->x = carve(base, &used, h->chunk * C, sizeof *h->x);
    h->normed = carve(base, &used, h->chunk * C, sizeof *h->normed);
    h->statistics = carve(base, &used, h->chunk * 2, sizeof *h->statistics);
    h->logits = carve(base, &used, h->chunk * V, sizeof *h->logits);
    if (!train) return used;
    h->dlogp = carve(base, &used, h->count, sizeof *h->dlogp);
    h->dx = carve(base, &used, h->chunk * C, sizeof *h->dx);
    return used;
}

size_t bco_head_bytes(const struct bco_model *model, struct bco_head *head, bool train) {
    return place(model, head, NULL, train);
}

void bco_head_place(const struct bco_model *model, struct bco_head *head, char *memory, bool train) {
    place(model, head, memory, train);
}

size_t bco_head_chunk(const struct bco_head *head, size_t first, size_t end) {
    return end - first < head->chunk ? end - first : head->chunk;
}

static void multiply_out(const struct bco_model *model, size_t count, const float *normed, float *logits) {
    size_t C = model->config.channels, V = model->config.vocabulary;
    struct bco_matmul p = {.transpose_b = true,
                           .m = count,
                           .n = V,
                           .k = C,
                           .alpha = (float)model->config.logit_scale,
                           .a = normed,
                           .lda = C,
                           .b = model->head.weight,
                           .b_half = model->head.half,
                           .ldb = C,
                           .c = logits,
                           .ldc = V,
                           .next = model->head.next};
    model->ops->matmul(&model->team, &p);
}

void bco_head_logits(const struct bco_model *model, size_t count, const int32_t *rows, const float *x, float *normed,
                     float *statistics, float *logits) {
    size_t C = model->config.channels;
    model->ops->embedding(&model->team, count, C, rows, x, 1, normed, false);
    model->ops->norm(&model->team, &model->final_norm, count, normed, C, normed, C, statistics);
    multiply_out(model, count, normed, logits);
}

void bco_head_forward(const struct bco_model *model, struct bco_head *h, const float *x, size_t first, size_t count,
                      bool keep) {
    size_t C = model->config.channels, V = model->config.vocabulary;
    model->ops->embedding(&model->team, count, C, h->rows + first, x, 1, h->x, false);
    model->ops->norm(&model->team, &model->final_norm, count, h->x, C, h->normed, C, h->statistics);
    multiply_out(model, count, h->normed, h->logits);
    model->ops->softmax(&model->team, count, V, h->logits, h->targets + first, keep, h->logp + first, h->sums + first);
}

/* dW += dlogits^T normed, dnormed = dlogits W, both times the logits' scale. */
static void products_backward(const struct bco_model *model, struct bco_head *h, size_t count) {
    size_t C = model->config.channels, V = model->config.vocabulary;
    float scale = (float)model->config.logit_scale;
    struct bco_matmul dw = {.transpose_a = true,
                            .m = V,
                            .n = C,
                            .k = count,
                            .alpha = scale,
                            .a = h->logits,
                            .lda = V,
                            .b = h->normed,
                            .ldb = C,
                            .beta = 1,
                            .c = model->head.dweight,
                            .ldc = C};
    struct bco_matmul dx = {.m = count,
                            .n = C,
                            .k = V,
                            .alpha = scale,
                            .a = h->logits,
                            .lda = V,
                            .b = model->head.weight,
                            .b_half = model->head.half,
                            .ldb = C,
                            .c = h->dx,
                            .ldc = C};
    if (model->head.dweight) model->ops->matmul(&model->team, &dw);
    model->ops->matmul(&model->team, &dx);
}

void bco_head_backward(const struct bco_model *model, struct bco_head *h, float *dx, size_t first, size_t count) {
    size_t C = model->config.channels, V = model->config.vocabulary;
    model->ops->softmax_backward(&model->team, count, V, h->logits, h->targets + first, h->sums + first,
                                 h->dlogp + first);
    products_backward(model, h, count);
    model->ops->norm_backward(&model->team, &model->final_norm, count, h->x, C, h->statistics, h->dx, C, h->dx, C,
                              false);
    model->ops->embedding_backward(&model->team, count, C, h->rows + first, h->dx, 1, dx);
}

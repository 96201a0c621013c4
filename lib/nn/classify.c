/* Scores: a scalar head on the last token of each sequence. */
#include "base/fail.h"
#include "nn/batch.h"
#include "nn/trunk.h"

#include <string.h>

/* One row a sequence; all in the pass's workspace. */
struct rows {
    size_t count;           /* B */
    int32_t *row;           /* [B] the last token's */
    float *x, *normed, *dx; /* [B, C] */
    float *statistics;      /* [B, 2] */
    float *score, *dscore;  /* [B] */
};

static void *carve(char *base, size_t *used, size_t count, size_t size) {
    void *piece = base ? base + *used : NULL;
    *used += (count * size + 63) / 64 * 64;
    return piece;
}

static size_t place(const struct bco_model *model, struct rows *r, char *base) {
    size_t C = model->config.channels, used = 0;
    r->row = carve(base, &used, r->count, sizeof *r->row);
    r->x = carve(base, &used, r->count * C, sizeof *r->x);
    r->normed = carve(base, &used, r->count * C, sizeof *r->normed);
    r->dx = carve(base, &used, r->count * C, sizeof *r->dx);
    r->statistics = carve(base, &used, r->count * 2, sizeof *r->statistics);
    r->score = carve(base, &used, r->count, sizeof *r->score);
    r->dscore = carve(base, &used, r->count, sizeof *r->dscore);
    return used;
}

/* score[B] = normed[B, C] w[C] */
static void forward(struct bco_model *model, struct bco_pass *pass, struct rows *r) {
    size_t C = model->config.channels;
    bco_trunk_forward(model, pass);
    for (size_t b = 0; b < r->count; b++) r->row[b] = (int32_t)(pass->starts[b + 1] - 1);
    model->ops->embedding(&model->team, r->count, C, r->row, pass->x, 1, r->x, false);
    model->ops->norm(&model->team, &model->final_norm, r->count, r->x, C, r->normed, C, r->statistics);
    model->ops->linear(&model->team, &model->head, r->count, r->normed, r->score);
}

static void backward(struct bco_model *model, struct bco_pass *pass, struct rows *r) {
    size_t C = model->config.channels;
    memset(pass->dx, 0, pass->T * C * sizeof(float));
    model->ops->linear_backward(&model->team, &model->head, r->count, r->normed, r->dscore, r->dx, false);
    model->ops->norm_backward(&model->team, &model->final_norm, r->count, r->x, C, r->statistics, r->dx, C, r->dx, C,
                              false);
    model->ops->embedding_backward(&model->team, r->count, C, r->row, r->dx, 1, pass->dx);
    bco_trunk_backward(model, pass);
}

static enum bco_code start(struct bco_model *model, const struct bco_batch *batch, bool train, struct bco_pass *pass,
                           struct rows *rows, struct bco_error *err) {
    if (!model->config.classifier) return bco_fail(err, BCO_EUSAGE, "the model has no head for scores");
    enum bco_code code = bco_batch_check(model, batch, false, err);
    if (code || batch->sequences == 0) return code;
    if ((code = bco_pass_open(pass, model, batch, train, err))) return code;
    *rows = (struct rows){.count = batch->sequences};
    if ((code = bco_trunk_prepare(model, pass, place(model, rows, NULL), err))) return code;
    place(model, rows, pass->rest);
    forward(model, pass, rows);
    return BCO_OK;
}

enum bco_code bco_model_score(struct bco_model *model, const struct bco_batch *batch, double *score,
                              struct bco_error *err) {
    struct bco_pass pass = {0};
    struct rows rows = {0};
    enum bco_code code = start(model, batch, false, &pass, &rows, err);
    for (size_t b = 0; !code && b < rows.count; b++) score[b] = (double)rows.score[b];
    bco_pass_close(&pass);
    return code ? code : bco_model_computed(model, err);
}

enum bco_code bco_model_score_grad(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dscore,
                                   void *user, double *score, struct bco_error *err) {
    struct bco_pass pass = {0};
    struct rows rows = {0};
    if (!model->trainable) return bco_fail(err, BCO_EUSAGE, "gradients of a model that was not opened as trainable");
    enum bco_code code = start(model, batch, true, &pass, &rows, err);
    if (code == BCO_OK && rows.count > 0) {
        for (size_t b = 0; b < rows.count; b++) {
            rows.dscore[b] = (float)dscore(user, b, (double)rows.score[b]);
            if (score) score[b] = (double)rows.score[b];
        }
        backward(model, &pass, &rows);
    }
    bco_pass_close(&pass);
    return code ? code : bco_model_computed(model, err);
}

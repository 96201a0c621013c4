/* Embeddings: means of the last hidden states. */
#include "base/fail.h"
#include "nn/batch.h"
#include "nn/trunk.h"

size_t bco_model_channels(const struct bco_model *model) {
    return model->config.channels;
}

static void add_mean(const float *rows, size_t count, size_t C, double *mean) {
    for (size_t c = 0; c < C; c++) mean[c] = 0;
    for (size_t t = 0; t < count; t++)
        for (size_t c = 0; c < C; c++) mean[c] += (double)rows[t * C + c];
    for (size_t c = 0; c < C; c++) mean[c] /= (double)count;
}

enum bco_code bco_model_embed(struct bco_model *model, const struct bco_batch *batch, double *mean,
                              struct bco_error *err) {
    size_t C = model->config.channels;
    enum bco_code code = bco_batch_check(model, batch, false, err);
    if (code || batch->sequences == 0) return code;
    struct bco_pass pass = bco_pass_of(model, batch, false);
    if ((code = bco_trunk_prepare(model, &pass, (C + 2) * pass.T * sizeof(float), err))) return code;
    float *normed = (float *)(void *)pass.rest, *statistics = normed + C * pass.T;
    bco_trunk_forward(model, &pass);
    model->ops->norm(&model->team, &model->final_norm, pass.T, pass.x, C, normed, C, statistics);
    for (size_t b = 0; b < pass.B; b++)
        add_mean(normed + pass.starts[b] * C, pass.starts[b + 1] - pass.starts[b], C, mean + b * C);
    return BCO_OK;
}

/* Embeddings: means of the last hidden states. */
#include "base/fail.h"
#include "nn/batch.h"
#include "nn/trunk.h"

size_t bco_model_channels(const struct bco_model *model) {
    return model->config.channels;
}

/* Whole sequences: what is equal in two of them is computed twice, as no prompt is named. */
static struct bco_batch without_prompts(const struct bco_batch *batch) {
    struct bco_batch whole = *batch;
    whole.prompt_len = NULL;
    return whole;
}

static void mean_of(const struct bco_pass *pass, const struct bco_batch *batch, size_t b, const float *normed, size_t C,
                    double *mean) {
    size_t count = batch->starts[b + 1] - batch->starts[b];
    for (size_t c = 0; c < C; c++) mean[c] = 0;
    for (size_t t = 0; t < count; t++) {
        const float *row = normed + bco_pass_row(pass, b, t) * C;
        for (size_t c = 0; c < C; c++) mean[c] += (double)row[c];
    }
    for (size_t c = 0; c < C; c++) mean[c] /= (double)count;
}

static enum bco_code embed(struct bco_model *model, const struct bco_batch *batch, struct bco_pass *pass, double *mean,
                           struct bco_error *err) {
    size_t C = model->config.channels;
    enum bco_code code = bco_pass_open(pass, model, batch, false, err);
    if (code == BCO_OK) code = bco_trunk_prepare(model, pass, (C + 2) * pass->T * sizeof(float), err);
    if (code != BCO_OK) return code;
    float *normed = (float *)(void *)pass->rest, *statistics = normed + C * pass->T;
    bco_trunk_forward(model, pass);
    model->ops->norm(&model->team, &model->final_norm, pass->T, pass->x, C, normed, C, statistics);
    for (size_t b = 0; b < batch->sequences; b++) mean_of(pass, batch, b, normed, C, mean + b * C);
    return bco_model_computed(model, err);
}

enum bco_code bco_model_embed(struct bco_model *model, const struct bco_batch *batch, double *mean,
                              struct bco_error *err) {
    const struct bco_batch whole = without_prompts(batch);
    struct bco_pass pass = {0};
    enum bco_code code = bco_batch_check(model, &whole, false, err);
    if (code || batch->sequences == 0) return code;
    code = embed(model, &whole, &pass, mean, err);
    bco_pass_close(&pass);
    return code;
}

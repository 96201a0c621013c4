#include "nn/model.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/angles.h"
#include "nn/file.h"
#include "nn/trunk.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum bco_code read_config(struct bco_model *model, struct bco_error *err) {
    struct bco_mapping mapping = {0};
    char *path = bco_path_join(model->dir, "config.json");
    enum bco_code code = path ? bco_map(&mapping, path, err) : bco_fail_memory(err);
    if (!code) code = bco_config_parse(&model->config, mapping.bytes, mapping.size, path, err);
    bco_unmap(&mapping);
    free(path);
    return code;
}

static enum bco_code open_model(struct bco_model *model, const char *dir, const struct bco_model_options *options,
                                struct bco_error *err) {
    model->dir = bco_strndup(dir, strlen(dir));
    model->ops = &bco_cpu_ops;
    model->trainable = options->trainable;
    model->team.threads = options->threads > 0 ? options->threads : bco_cores();
    if (!model->dir) return bco_fail_memory(err);
    enum bco_code code = read_config(model, err);
    if (!code) code = bco_model_layout(model, err);
    if (!code) code = options->init_random ? bco_model_place(model, err) : bco_model_load(model, err);
    if (code) return code;
    if (options->init_random) bco_model_draw(model, options->seed);
    model->fingerprint = bco_model_hash(model);
    return model->fingerprint ? BCO_OK : bco_fail_memory(err);
}

enum bco_code bco_model_open(struct bco_model **model, const char *dir, const struct bco_model_options *options,
                             struct bco_error *err) {
    static const struct bco_model_options defaults = {0};
    /* Its own threads would fight with ours; the OpenMP build has none (cpu_matmul.c). */
    if (openblas_get_parallel() == OPENBLAS_THREAD) openblas_set_num_threads(1);
    *model = bco_calloc(1, sizeof **model);
    if (!*model) return bco_fail_memory(err);
    enum bco_code code = open_model(*model, dir, options ? options : &defaults, err);
    if (code) {
        bco_model_close(*model);
        *model = NULL;
    }
    return code;
}

void bco_model_close(struct bco_model *model) {
    if (!model) return;
    for (size_t i = 0; i < model->slot_count; i++) free(model->slots[i].name);
    free(model->slots);
    free(model->layers);
    free(model->weights);
    free(model->gradients);
    free(model->workspace);
    free(model->dir);
    bco_angles_free(&model->angles);
    bco_angles_free(&model->local_angles);
    bco_config_free(&model->config);
    free(model);
}

size_t bco_model_vocabulary(const struct bco_model *model) {
    return model->config.vocabulary;
}

size_t bco_model_positions(const struct bco_model *model) {
    return model->config.positions;
}

uint64_t bco_model_parameters(const struct bco_model *model) {
    return model->parameters;
}

uint32_t bco_model_fingerprint(const struct bco_model *model) {
    return model->fingerprint;
}

size_t bco_model_parameter_count(const struct bco_model *model) {
    return model->slot_count;
}

struct bco_parameter bco_model_parameter(struct bco_model *model, size_t i) {
    const struct bco_slot *slot = &model->slots[i];
    return (struct bco_parameter){.name = slot->name,
                                  .dims = slot->dims,
                                  .shape = {slot->shape[0], slot->shape[1]},
                                  .count = slot->count,
                                  .weight = model->weights + slot->offset,
                                  .gradient = model->gradients ? model->gradients + slot->offset : NULL};
}

void bco_model_zero_gradients(struct bco_model *model) {
    if (model->gradients) memset(model->gradients, 0, model->floats * sizeof(float));
}

double bco_model_gradient_norm(const struct bco_model *model) {
    if (!model->gradients) return 0;
    return sqrt(model->ops->sum_of_squares(&model->team, model->floats, model->gradients));
}

#include "nn/model.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter.h"
#include "nn/angles.h"
#include "nn/bf16.h"
#include "nn/file.h"
#include "nn/trunk.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDE_FLOATS ((size_t)4 << 20)

static enum bco_code read_config(struct bco_model *model, struct bco_error *err) {
    struct bco_mapping mapping = {0};
    char *path = bco_path_join(model->dir, "config.json");
    enum bco_code code = path ? bco_map(&mapping, path, err) : bco_fail_memory(err);
    if (!code) code = bco_config_parse(&model->config, mapping.bytes, mapping.size, path, err);
    bco_unmap(&mapping);
    free(path);
    return code;
}

/* A head that the folder does not have makes a classifier of a language model. */
static enum bco_code set_head(struct bco_model *model, const struct bco_model_options *options, struct bco_error *err) {
    if ((!options->head && !model->lora.head) || model->config.classifier) return BCO_OK;
    if (!model->config.family->classifier)
        return bco_fail(err, BCO_EUSAGE, "%s has no architecture with a head", model->config.family->type);
    model->config.classifier = model->fresh_head = true;
    return BCO_OK;
}

static bool is_stacked(const struct bco_model_options *options) {
    return options->trainable && options->adapter && options->lora_rank;
}

static enum bco_code open_base(struct bco_model *model, const struct bco_model_options *options, bool gradients,
                               struct bco_error *err) {
    enum bco_code code = read_config(model, err);
    if (!code && options->adapter) code = bco_adapter_configure(model, options->adapter, err);
    if (!code) code = set_head(model, options, err);
    if (!code) code = bco_model_layout(model, err);
    bool merges = options->adapter && (!options->trainable || is_stacked(options)); /* which needs f32 */
    if (!code && !options->init_random) return bco_model_load(model, gradients, !merges, options->seed, err);
    if (!code) code = bco_model_place(model, gradients, false, err);
    for (size_t i = 0; !code && i < model->base.count; i++)
        bco_model_draw(model, &model->base.slot[i], options->seed, model->base.weights + model->base.slot[i].offset);
    return code;
}

static enum bco_code read_adapter(struct bco_model *model, const struct bco_model_options *options,
                                  struct bco_error *err) {
    bool trained = options->trainable && !options->lora_rank;
    if (!options->adapter) return BCO_OK;
    model->new_head = trained && options->head && !model->lora.head;
    model->lora.head = model->lora.head || model->new_head;
    return bco_adapter_read(model, trained, err);
}

/* On what is there, an adapter that was read among it. */
static enum bco_code new_adapter(struct bco_model *model, const struct bco_model_options *options,
                                 struct bco_error *err) {
    struct bco_lora_config lora = {.rank = options->lora_rank, .alpha = options->lora_alpha};
    if (!model->trainable || is_stacked(options)) bco_adapter_merge(model, is_stacked(options));
    if (!options->lora_rank || !options->trainable) return BCO_OK;
    lora.head = options->head || model->under_lora.head;
    return bco_adapter_new(model, &lora, options->lora_targets, options->seed, err);
}

/* Room to widen matrices of 16 bits: at least a row of each. */
static enum bco_code open_wide(struct bco_model *model, struct bco_error *err) {
    model->team.wide_size = WIDE_FLOATS;
    for (size_t i = 0; i < model->base.count; i++)
        if (model->base.slot[i].shape[1] > model->team.wide_size) model->team.wide_size = model->base.slot[i].shape[1];
    model->team.wide = bco_malloc_aligned(model->team.wide_size, sizeof(float));
    return model->team.wide ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code open_model(struct bco_model *model, const char *dir, const struct bco_model_options *options,
                                struct bco_error *err) {
    bool adapted = options->adapter || options->lora_rank;
    model->dir = bco_strndup(dir, strlen(dir));
    model->ops = &bco_cpu_ops;
    model->trainable = options->trainable;
    model->team.threads = options->threads > 0 ? options->threads : bco_cores();
    if (!model->dir) return bco_fail_memory(err);
    enum bco_code code = BCO_OK;
    if (options->precision == BCO_PRECISION_BF16) code = bco_bf16_open(&model->team.bf16, model->team.threads, err);
    if (!code) code = open_base(model, options, options->trainable && !adapted, err);
    if (!code) code = read_adapter(model, options, err);
    if (code) return code;
    if (model->base.halves && !model->team.bf16 && (code = open_wide(model, err))) return code;
    if (!bco_model_hash(model)) return bco_fail_memory(err);
    return new_adapter(model, options, err);
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
    bco_slots_free(&model->base);
    bco_slots_free(&model->adapter);
    bco_slots_free(&model->under);
    free(model->adapter_dir);
    free(model->layers);
    free(model->workspace);
    free(model->team.wide);
    bco_bf16_close(model->team.bf16);
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
    return model->base.elements;
}

uint32_t bco_model_fingerprint(const struct bco_model *model) {
    return model->fingerprint;
}

enum bco_precision bco_model_precision(const struct bco_model *model) {
    return model->team.bf16 ? BCO_PRECISION_BF16 : BCO_PRECISION_F32;
}

enum bco_code bco_model_computed(struct bco_model *model, struct bco_error *err) {
    return bco_bf16_failed(model->team.bf16) ? bco_fail_memory(err) : BCO_OK;
}

size_t bco_model_parameter_count(const struct bco_model *model) {
    return bco_model_trained(model)->count;
}

struct bco_parameter bco_model_parameter(struct bco_model *model, size_t i) {
    const struct bco_slots *slots = bco_model_trained(model);
    const struct bco_slot *slot = &slots->slot[i];
    return (struct bco_parameter){.name = slot->name,
                                  .dims = slot->dims,
                                  .shape = {slot->shape[0], slot->shape[1]},
                                  .count = slot->count,
                                  .weight = slots->weights + slot->offset,
                                  .gradient = slots->gradients ? slots->gradients + slot->offset : NULL};
}

void bco_model_zero_gradients(struct bco_model *model) {
    const struct bco_slots *slots = bco_model_trained(model);
    if (slots->gradients) bco_team_clear(&model->team, slots->floats, slots->gradients);
}

double bco_model_gradient_norm(const struct bco_model *model) {
    const struct bco_slots *slots = bco_model_trained(model);
    if (!slots->gradients) return 0;
    return sqrt(model->ops->sum_of_squares(&model->team, slots->floats, slots->gradients));
}

bool bco_model_is_classifier(const struct bco_model *model) {
    return model->config.classifier;
}

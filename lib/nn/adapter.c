#include "nn/adapter.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter_config.h"
#include "nn/file.h"
#include "nn/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "base_model.model."

double bco_lora_scale(const struct bco_lora_config *lora) {
    if (!lora->rank) return 0;
    return lora->alpha / (lora->rslora ? sqrt((double)lora->rank) : (double)lora->rank);
}

/* ---- modules ----------------------------------------------------------------- */

/* Walks through the modules of all layers. */
struct module {
    size_t layer, projection;
    int part;
    struct bco_projection *at;
};

static struct module first_module(void) {
    return (struct module){0, 0, -1, NULL};
}

static bool next_module(const struct bco_model *model, struct module *m) {
    for (m->part++; m->layer < model->config.layers; m->layer++, m->projection = 0) {
        for (; m->projection < BCO_PROJECTIONS; m->projection++, m->part = 0) {
            m->at = &model->layers[m->layer].projection[m->projection];
            if (m->part < 3 && m->at->module[m->part]) return true;
        }
    }
    return false;
}

static const char *module_name(const struct module *m) {
    return m->at->module[m->part];
}

static void tensor_name(const struct bco_model *model, const struct module *m, const char *suffix,
                        char name[BCO_NAME_SIZE]) {
    char inner[BCO_NAME_SIZE];
    bco_model_name(model, m->layer, module_name(m), suffix, inner);
    snprintf(name, BCO_NAME_SIZE, ROOT "%.*s", BCO_NAME_SIZE - (int)sizeof ROOT, inner);
}

/* A and B of one module. */
static enum bco_code add_module(struct bco_model *model, const struct module *m, struct bco_error *err) {
    struct bco_lora *lora = &m->at->lora[m->part];
    char name[BCO_NAME_SIZE];
    lora->rank = model->lora.rank;
    lora->scale = (float)bco_lora_scale(&model->lora);
    tensor_name(model, m, "lora_A.weight", name);
    if (!bco_slots_add(&model->adapter, name, lora->rank, m->at->linear.in, BCO_START_LORA, false))
        return bco_fail_memory(err);
    tensor_name(model, m, "lora_B.weight", name);
    if (!bco_slots_add(&model->adapter, name, m->at->outs[m->part], lora->rank, BCO_START_ZEROS, false))
        return bco_fail_memory(err);
    return BCO_OK;
}

static const char head_name[] = ROOT "score.weight";

static enum bco_code add_head(struct bco_model *model, struct bco_error *err) {
    if (!model->lora.head) return BCO_OK;
    bool added = bco_slots_add(&model->adapter, head_name, 1, model->config.channels, BCO_START_RANDOM, false);
    return added ? BCO_OK : bco_fail_memory(err);
}

/* The head is the adapter's from now on, and begins as the base's. */
static void place_head(struct bco_model *model) {
    struct bco_slots *slots = &model->adapter;
    const struct bco_slot *own = bco_slots_find(slots, head_name), *base = &model->base.slot[1];
    if (!own) return;
    float *weight = slots->weights + own->offset;
    memcpy(weight, model->base.weights + base->offset, own->count * sizeof *weight);
    model->head.weight = weight;
    model->head.dweight = slots->gradients ? slots->gradients + own->offset : NULL;
}

static enum bco_code place(struct bco_model *model, bool gradients, struct bco_error *err) {
    struct bco_slots *slots = &model->adapter;
    size_t i = 0;
    if (!bco_slots_place(slots, gradients, false)) return bco_fail_memory(err);
    place_head(model);
    for (struct module m = first_module(); next_module(model, &m);) {
        struct bco_lora *lora = &m.at->lora[m.part];
        if (!lora->rank) continue;
        size_t a = slots->slot[i++].offset, b = slots->slot[i++].offset;
        lora->a = slots->weights + a;
        lora->b = slots->weights + b;
        lora->da = slots->gradients ? slots->gradients + a : NULL;
        lora->db = slots->gradients ? slots->gradients + b : NULL;
    }
    return BCO_OK;
}

/* ---- reading ------------------------------------------------------------------- */

static enum bco_code list_modules(struct bco_model *model, const struct bco_weights *weights, struct bco_error *err) {
    for (struct module m = first_module(); next_module(model, &m);) {
        char a[BCO_NAME_SIZE], b[BCO_NAME_SIZE];
        tensor_name(model, &m, "lora_A.weight", a);
        tensor_name(model, &m, "lora_B.weight", b);
        if (!bco_weights_find(weights, a) && !bco_weights_find(weights, b)) continue;
        enum bco_code code = add_module(model, &m, err);
        if (code) return code;
    }
    return BCO_OK;
}

/* Every slot has its tensor, but for a head that is new, and no tensor is left over. */
static enum bco_code match(const struct bco_model *model, const struct bco_weights *weights, const char *path,
                           const struct bco_tensor **tensors, struct bco_error *err) {
    const struct bco_slots *slots = &model->adapter;
    for (size_t i = 0; i < slots->count; i++) {
        tensors[i] = bco_weights_find(weights, slots->slot[i].name);
        if (!tensors[i] && model->new_head && strcmp(slots->slot[i].name, head_name) == 0) continue;
        if (!tensors[i]) return bco_fail_at(err, BCO_EDATA, path, 0, slots->slot[i].name, "there is no such tensor");
        enum bco_code code = bco_slot_check(&slots->slot[i], tensors[i], err);
        if (code) return code;
    }
    for (size_t i = 0; i < bco_weights_count(weights); i++) {
        const char *name = bco_weights_tensor(weights, i)->name;
        if (!bco_slots_find(slots, name))
            return bco_fail_at(err, BCO_EDATA, path, 0, name, "the model has no module for this tensor");
    }
    if (slots->count == 0) return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "it holds no tensor");
    return BCO_OK;
}

static enum bco_code read_weights(struct bco_model *model, const char *path, bool gradients, struct bco_error *err) {
    struct bco_weights *weights;
    const struct bco_tensor **tensors = NULL;
    enum bco_code code = bco_weights_open_file(&weights, path, err);
    if (code) return code;
    code = list_modules(model, weights, err);
    if (!code) code = add_head(model, err);
    if (!code && !(tensors = bco_calloc(model->adapter.count, sizeof *tensors))) code = bco_fail_memory(err);
    if (!code) code = match(model, weights, path, tensors, err);
    if (!code) code = place(model, gradients, err);
    if (!code) code = bco_slots_read(&model->adapter, tensors, model->team.threads, err);
    free(tensors);
    bco_weights_close(weights);
    return code;
}

enum bco_code bco_adapter_configure(struct bco_model *model, const char *dir, struct bco_error *err) {
    struct bco_mapping mapping = {0};
    char *config = bco_path_join(dir, "adapter_config.json");
    model->adapter_dir = bco_strndup(dir, strlen(dir));
    enum bco_code code = config && model->adapter_dir ? bco_map(&mapping, config, err) : bco_fail_memory(err);
    if (!code) code = bco_lora_parse(&model->lora, mapping.bytes, mapping.size, config, err);
    bco_unmap(&mapping);
    free(config);
    return code;
}

enum bco_code bco_adapter_read(struct bco_model *model, bool gradients, struct bco_error *err) {
    char *path = bco_path_join(model->adapter_dir, "adapter_model.safetensors");
    enum bco_code code = path ? read_weights(model, path, gradients, err) : bco_fail_memory(err);
    free(path);
    return code;
}

/* ---- a new one ------------------------------------------------------------------- */

static const char *leaf(const char *module) {
    const char *dot = strrchr(module, '.');
    return dot ? dot + 1 : module;
}

/* Is the module one of the comma-separated targets? */
static bool wanted(const char *module, const char *targets) {
    size_t length = strlen(leaf(module));
    if (!targets) return true;
    for (const char *at = targets; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, leaf(module), length) == 0) return true;
    return false;
}

/* Trained now, or merged below. */
static bool has_adapter(const struct bco_model *model, const struct module *m) {
    char a[BCO_NAME_SIZE];
    tensor_name(model, m, "lora_A.weight", a);
    return m->at->lora[m->part].rank || bco_slots_find(&model->under, a);
}

/* The modules' leaves, each once: all, or those with an adapter; `quote` around each, `between` them. */
static void list_leaves(const struct bco_model *model, bool adapted, const char *quote, const char *between,
                        struct bco_buf *text) {
    const char *seen[3 * BCO_PROJECTIONS];
    size_t count = 0;
    for (struct module m = first_module(); next_module(model, &m);) {
        const char *name = leaf(module_name(&m));
        bool known = adapted && !has_adapter(model, &m);
        for (size_t i = 0; i < count && !known; i++) known = strcmp(seen[i], name) == 0;
        if (known) continue;
        bco_buf_printf(text, "%s%s%s%s", count ? between : "", quote, name, quote);
        seen[count++] = name;
    }
}

void bco_adapter_targets(const struct bco_model *model, struct bco_buf *text) {
    list_leaves(model, true, "", ",", text);
}

static enum bco_code check_target(const struct bco_model *model, const char *target, size_t length,
                                  struct bco_error *err) {
    for (struct module m = first_module(); next_module(model, &m);)
        if (strlen(leaf(module_name(&m))) == length && strncmp(leaf(module_name(&m)), target, length) == 0)
            return BCO_OK;
    struct bco_buf names = {0};
    list_leaves(model, false, "", ", ", &names);
    enum bco_code code = bco_fail(err, BCO_EUSAGE, "the model has no module '%.*s'; it has %s", (int)length, target,
                                  names.failed ? "others" : names.data);
    bco_buf_free(&names);
    return code;
}

enum bco_code bco_adapter_new(struct bco_model *model, const struct bco_lora_config *lora, const char *targets,
                              uint64_t seed, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    model->lora = *lora;
    for (const char *at = targets; !code && at && *at; at += strcspn(at, ","), at += *at == ',')
        code = check_target(model, at, strcspn(at, ","), err);
    for (struct module m = first_module(); !code && next_module(model, &m);)
        if (wanted(module_name(&m), targets)) code = add_module(model, &m, err);
    if (!code) code = add_head(model, err);
    if (!code) code = place(model, true, err);
    for (size_t i = 0; !code && i < model->adapter.count; i++)
        if (strcmp(model->adapter.slot[i].name, head_name) != 0)
            bco_model_draw(model, &model->adapter.slot[i], seed,
                           model->adapter.weights + model->adapter.slot[i].offset);
    return code;
}

/* ---- merging ----------------------------------------------------------------------- */

/* W += scale B A, of the rows (or columns, where the weight is stored by input) of one module. */
static void merge_module(struct bco_model *model, struct bco_projection *p, int part) {
    const struct bco_lora *l = &p->lora[part];
    bool by_input = p->linear.by_input;
    size_t in = p->linear.in, out = p->outs[part], column = 0;
    for (int i = 0; i < part; i++) column += p->outs[i];
    float *weight = model->base.weights + (p->linear.weight - model->base.weights);
    struct bco_matmul product = {.transpose_a = by_input,
                                 .transpose_b = by_input,
                                 .m = by_input ? in : out,
                                 .n = by_input ? out : in,
                                 .k = l->rank,
                                 .alpha = l->scale,
                                 .a = by_input ? l->a : l->b,
                                 .lda = by_input ? in : l->rank,
                                 .b = by_input ? l->b : l->a,
                                 .ldb = by_input ? l->rank : in,
                                 .beta = 1,
                                 .c = by_input ? weight + column : weight + column * in,
                                 .ldc = by_input ? p->linear.out : in,
                                 .exact = true};
    model->ops->matmul(&model->team, &product);
}

static void merge_head(struct bco_model *model) {
    const struct bco_slot *own = bco_slots_find(&model->adapter, head_name), *base = &model->base.slot[1];
    if (!own) return;
    float *weight = model->base.weights + base->offset;
    memcpy(weight, model->adapter.weights + own->offset, own->count * sizeof *weight);
    model->head.weight = weight;
    model->head.dweight = NULL;
}

void bco_adapter_merge(struct bco_model *model, bool keep) {
    merge_head(model);
    for (struct module m = first_module(); next_module(model, &m);) {
        if (m.at->lora[m.part].rank) merge_module(model, m.at, m.part);
        m.at->lora[m.part] = (struct bco_lora){0};
    }
    if (keep) {
        model->under = model->adapter;
        model->under_lora = model->lora;
        model->adapter = (struct bco_slots){0};
    }
    bco_slots_free(&model->adapter);
    free(model->adapter_dir);
    model->adapter_dir = NULL;
    model->lora = (struct bco_lora_config){0};
}

/* ---- adapter_config.json ------------------------------------------------------------ */

bool bco_adapter_describe(const struct bco_model *model, struct bco_buf *text) {
    const struct bco_lora_config *lora = &model->lora;
    size_t rank = lora->rank + model->under_lora.rank;
    bool stacked = model->under.count > 0; /* its scales are in its weights */
    bco_buf_str(text, "{\n  \"base_model_name_or_path\": ");
    bco_buf_json_string(text, model->dir, strlen(model->dir));
    bco_buf_printf(text,
                   ",\n  \"bias\": \"none\",\n  \"fan_in_fan_out\": %s,\n  \"inference_mode\": true,\n"
                   "  \"init_lora_weights\": true,\n  \"lora_alpha\": ",
                   model->config.family->by_input ? "true" : "false");
    bco_buf_double(text, stacked ? (double)rank : lora->alpha);
    bco_buf_printf(text,
                   ",\n  \"lora_dropout\": 0.0,\n  \"modules_to_save\": %s,\n  \"peft_type\": \"LORA\",\n"
                   "  \"r\": %zu,\n  \"target_modules\": [\n    ",
                   lora->head ? "[\n    \"score\"\n  ]" : "null", rank);
    list_leaves(model, true, "\"", ",\n    ", text);
    bco_buf_printf(text, "\n  ],\n  \"task_type\": \"%s\",\n  \"use_dora\": false,\n  \"use_rslora\": %s\n}\n",
                   model->config.classifier ? "SEQ_CLS" : "CAUSAL_LM", lora->rslora && !stacked ? "true" : "false");
    return !text->failed;
}

/* ---- two in one ---------------------------------------------------------------------- */

/* Slot `name` of a set, or nothing. */
static const float *values_of(const struct bco_slots *slots, const char *name) {
    const struct bco_slot *slot = bco_slots_find(slots, name);
    return slot ? slots->weights + slot->offset : NULL;
}

/* A's rows one set behind the other. */
static void join_a(const struct bco_model *model, const struct bco_slot *slot, float *to) {
    const struct bco_slots *sets[] = {&model->under, &model->adapter};
    size_t ranks[] = {model->under_lora.rank, model->lora.rank}, columns = slot->shape[1];
    for (int i = 0; i < 2; to += ranks[i++] * columns) {
        const float *from = values_of(sets[i], slot->name);
        if (from) memcpy(to, from, ranks[i] * columns * sizeof *to);
    }
}

/* B's columns side by side, each set's times its scale. */
static void join_b(const struct bco_model *model, const struct bco_slot *slot, float *to) {
    const struct bco_slots *sets[] = {&model->under, &model->adapter};
    size_t ranks[] = {model->under_lora.rank, model->lora.rank}, columns = slot->shape[1], first = 0;
    float scales[] = {(float)bco_lora_scale(&model->under_lora), (float)bco_lora_scale(&model->lora)};
    for (int i = 0; i < 2; first += ranks[i++]) {
        const float *from = values_of(sets[i], slot->name);
        for (size_t row = 0; from && row < slot->shape[0]; row++)
            for (size_t k = 0; k < ranks[i]; k++) to[row * columns + first + k] = scales[i] * from[row * ranks[i] + k];
    }
}

static bool add_joined(const struct bco_model *model, const struct module *m, struct bco_slots *both) {
    size_t rank = model->under_lora.rank + model->lora.rank;
    char name[BCO_NAME_SIZE];
    if (!has_adapter(model, m)) return true;
    tensor_name(model, m, "lora_A.weight", name);
    if (!bco_slots_add(both, name, rank, m->at->linear.in, BCO_START_LORA, false)) return false;
    tensor_name(model, m, "lora_B.weight", name);
    return bco_slots_add(both, name, m->at->outs[m->part], rank, BCO_START_ZEROS, false);
}

enum bco_code bco_adapter_join(const struct bco_model *model, struct bco_slots *both, struct bco_error *err) {
    bool good = true;
    for (struct module m = first_module(); good && next_module(model, &m);) good = add_joined(model, &m, both);
    if (good && model->lora.head)
        good = bco_slots_add(both, head_name, 1, model->config.channels, BCO_START_RANDOM, false);
    if (!good || !bco_slots_place(both, false, false)) return bco_fail_memory(err);
    memset(both->weights, 0, both->floats * sizeof *both->weights);
    for (size_t i = 0; i < both->count; i++) {
        const struct bco_slot *slot = &both->slot[i];
        float *to = both->weights + slot->offset;
        if (strcmp(slot->name, head_name) == 0)
            memcpy(to, model->head.weight, slot->count * sizeof *to);
        else if (strstr(slot->name, "lora_A.weight"))
            join_a(model, slot, to);
        else
            join_b(model, slot, to);
    }
    return BCO_OK;
}

/* Weights from a folder, or drawn; and their fingerprint. */
#include "nn/load.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/adapter.h"
#include "nn/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_PIECE ((size_t)1 << 20) /* elements */
#define TWO_PI 6.28318530717958647692

/* Checkpoints may leave out the family's root ("transformer."), and tied ones may hold the head alone. */
static const struct bco_tensor *find(struct bco_model *model, const struct bco_weights *weights, size_t i) {
    const struct bco_names *names = &model->config.family->names;
    const char *name = model->base.slot[i].name;
    const struct bco_tensor *tensor = bco_weights_find(weights, name);
    size_t root = strlen(names->root);
    if (!tensor && names->bare && strncmp(name, names->root, root) == 0) {
        tensor = bco_weights_find(weights, name + root);
        if (tensor) model->bare = true;
    }
    if (!tensor && i == 0 && model->config.tied) {
        char head[64];
        snprintf(head, sizeof head, "%s.weight", names->head);
        tensor = bco_weights_find(weights, head);
    }
    return tensor;
}

static void shape_text(size_t dims, const size_t *shape, char *text, size_t size) {
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dims && at + 1 < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%zu", i ? "," : "", shape[i]);
}

enum bco_code bco_slot_check(const struct bco_slot *slot, const struct bco_tensor *tensor, struct bco_error *err) {
    if (!bco_tensor_readable(tensor))
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, slot->name,
                           "dtype %s is not supported, expected F32, F16 or BF16", tensor->dtype);
    bool same = tensor->dims == slot->dims;
    for (size_t i = 0; same && i < slot->dims; i++) same = tensor->shape[i] == slot->shape[i];
    if (same) return BCO_OK;
    char got[160], expected[64];
    shape_text(tensor->dims, tensor->shape, got, sizeof got);
    shape_text(slot->dims, slot->shape, expected, sizeof expected);
    return bco_fail_at(err, BCO_EDATA, tensor->file, 0, slot->name, "its shape is [%s], expected [%s]", got, expected);
}

enum bco_dtype bco_tensor_dtype(const struct bco_tensor *tensor) {
    if (strcmp(tensor->dtype, "F16") == 0) return BCO_DTYPE_F16;
    return strcmp(tensor->dtype, "BF16") == 0 ? BCO_DTYPE_BF16 : BCO_DTYPE_F32;
}

static enum bco_code find_all(struct bco_model *model, const struct bco_weights *weights,
                              const struct bco_tensor **tensors, struct bco_error *err) {
    const struct bco_slots *base = &model->base;
    for (size_t i = 0; i < base->count; i++) {
        tensors[i] = find(model, weights, i);
        if (!tensors[i] && model->fresh_head && base->slot[i].wide) continue;
        if (!tensors[i])
            return bco_fail_at(err, BCO_EDATA, model->dir, 0, base->slot[i].name, "there is no such tensor");
        enum bco_code code = bco_slot_check(&base->slot[i], tensors[i], err);
        if (code) return code;
        if (i == 0) model->dtype = bco_tensor_dtype(tensors[i]);
    }
    return BCO_OK;
}

/* Are all matrices of one 16-bit type? */
static bool all_half(const struct bco_model *model, const struct bco_tensor *const *tensors) {
    if (model->dtype == BCO_DTYPE_F32) return false;
    for (size_t i = 0; i < model->base.count; i++)
        if (!model->base.slot[i].wide && model->base.slot[i].dims == 2 && bco_tensor_dtype(tensors[i]) != model->dtype)
            return false;
    return true;
}

/* 16 bits as they are; widened in pieces only to see that they are finite. */
static bool read_half(const struct bco_slots *slots, const struct bco_slot *slot, const struct bco_tensor *tensor) {
    float piece[1024];
    bool finite = true;
    memcpy(slots->halves + slot->offset, tensor->data, slot->count * sizeof *slots->halves);
    for (size_t at = 0; at < slot->count && finite; at += 1024)
        finite = bco_tensor_read(tensor, at, slot->count - at < 1024 ? slot->count - at : 1024, piece);
    return finite;
}

static bool read_slot(const struct bco_slots *slots, const struct bco_slot *slot, const struct bco_tensor *tensor) {
    if (slot->half) return read_half(slots, slot, tensor);
    return bco_tensor_read(tensor, 0, slot->count, slots->weights + slot->offset);
}

enum bco_code bco_slots_read(const struct bco_slots *slots, const struct bco_tensor *const *tensors, int threads,
                             struct bco_error *err) {
    size_t bad = slots->count;
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(min : bad)
    for (size_t i = 0; i < slots->count; i++) {
        if (!tensors[i]) continue;
        if (!read_slot(slots, &slots->slot[i], tensors[i]) && i < bad) bad = i;
        bco_tensor_let_go(tensors[i]);
    }
    if (bad == slots->count) return BCO_OK;
    return bco_fail_at(err, BCO_EDATA, tensors[bad]->file, 0, tensors[bad]->name, "it holds NaN or an infinity");
}

static void draw_missing(struct bco_model *model, const struct bco_tensor *const *tensors, uint64_t seed) {
    for (size_t i = 0; i < model->base.count; i++)
        if (!tensors[i])
            bco_model_draw(model, &model->base.slot[i], seed, model->base.weights + model->base.slot[i].offset);
}

enum bco_code bco_model_load(struct bco_model *model, bool gradients, bool keep_half, uint64_t seed,
                             struct bco_error *err) {
    struct bco_weights *weights = NULL;
    const struct bco_tensor **tensors = bco_calloc(model->base.count, sizeof *tensors);
    enum bco_code code = tensors ? bco_weights_open(&weights, model->dir, err) : bco_fail_memory(err);
    if (!code) code = find_all(model, weights, tensors, err);
    bool half = !code && keep_half && !gradients && all_half(model, tensors);
    model->base.bf16 = model->dtype == BCO_DTYPE_BF16;
    if (!code) code = bco_model_place(model, gradients, half, err);
    if (!code) code = bco_slots_read(&model->base, tensors, model->team.threads, err);
    if (!code) draw_missing(model, tensors, seed);
    free(tensors);
    bco_weights_close(weights);
    return code;
}

/* The `block`th four words of a weight's own stream. */
static void draw_words(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4]) {
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    bco_philox(counter, key, words);
}

/* Four normal numbers, by Box and Muller. */
static void draw_normal(uint64_t seed, uint64_t stream, uint64_t block, double normal[4]) {
    uint32_t words[4];
    draw_words(seed, stream, block, words);
    for (int i = 0; i < 4; i += 2) {
        double radius = sqrt(-2 * log(((double)words[i] + 0.5) * 0x1p-32));
        double angle = TWO_PI * (double)words[i + 1] * 0x1p-32;
        normal[i] = radius * cos(angle);
        normal[i + 1] = radius * sin(angle);
    }
}

/* Four numbers between -1 and 1. */
static void draw_uniform(uint64_t seed, uint64_t stream, uint64_t block, double uniform[4]) {
    uint32_t words[4];
    draw_words(seed, stream, block, words);
    for (int i = 0; i < 4; i++) uniform[i] = ((double)words[i] + 0.5) * 0x1p-31 - 1;
}

/* Where threads draw, each makes whole blocks: neither threads nor other weights matter. */
void bco_model_draw(const struct bco_model *model, const struct bco_slot *slot, uint64_t seed, float *weight) {
    uint64_t stream = bco_hash_bytes(slot->name, strlen(slot->name), 0).low;
    double deviation = model->config.initializer_range, bound = 1 / sqrt((double)slot->shape[1]);
    size_t blocks = (slot->count + 3) / 4;
    if (slot->start == BCO_START_ONES || slot->start == BCO_START_ZEROS) {
        for (size_t i = 0; i < slot->count; i++) weight[i] = slot->start == BCO_START_ONES ? 1 : 0;
        return;
    }
#pragma omp parallel for num_threads(model->team.threads) schedule(static)
    for (size_t block = 0; block < blocks; block++) {
        double drawn[4];
        if (slot->start == BCO_START_LORA)
            draw_uniform(seed, stream, block, drawn);
        else
            draw_normal(seed, stream, block, drawn);
        double scale = slot->start == BCO_START_LORA ? bound : deviation;
        for (size_t i = 4 * block; i < slot->count && i < 4 * block + 4; i++) weight[i] = (float)(scale * drawn[i % 4]);
    }
}

static void hash_double(struct bco_hasher *hasher, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bco_hasher_add_u64(hasher, bits);
}

static void hash_config(struct bco_hasher *hasher, const struct bco_config *c) {
    const struct bco_rope_config *r = &c->rope;
    const size_t sizes[] = {c->classifier,         c->channels,     c->layers, c->heads,
                            c->kv_heads,           c->head_dim,     c->hidden, c->vocabulary,
                            (size_t)c->activation, (size_t)r->kind, r->pairs,  c->window};
    const double numbers[] = {c->eps,
                              r->theta,
                              r->local_theta,
                              r->factor,
                              r->low_factor,
                              r->high_factor,
                              r->original_positions,
                              c->embedding_scale,
                              c->residual_scale,
                              c->attention_scale,
                              c->logit_scale};
    bco_hasher_add(hasher, c->family->type, strlen(c->family->type));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) bco_hasher_add_u64(hasher, sizes[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash_double(hasher, numbers[i]);
    bco_hasher_add(hasher, c->windowed, c->layers);
    bco_hasher_add(hasher, c->turned, c->layers);
}

/* Of the values as f32, however they are kept, in pieces. */
static bool hash_slot(const struct bco_slots *slots, size_t i, struct bco_hash *hash) {
    const struct bco_slot *slot = &slots->slot[i];
    float *wide = slot->half ? bco_malloc(HASH_PIECE, sizeof *wide) : NULL;
    if (slot->half && !wide) return false;
    *hash = (struct bco_hash){.low = i};
    for (size_t at = 0; at < slot->count; at += HASH_PIECE) {
        size_t count = slot->count - at < HASH_PIECE ? slot->count - at : HASH_PIECE;
        *hash = bco_hash_bytes(bco_slot_values(slots, slot, at, count, wide), count * sizeof(float), hash->low);
    }
    free(wide);
    return true;
}

static bool hash_slots(struct bco_hasher *hasher, const struct bco_slots *slots, struct bco_hash *hashes, int threads) {
    bool done = true;
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(&& : done)
    for (size_t i = 0; i < slots->count; i++) done = hash_slot(slots, i, &hashes[i]) && done;
    for (size_t i = 0; i < slots->count; i++) bco_hasher_add_u64(hasher, hashes[i].low ^ hashes[i].high);
    return done;
}

static uint32_t fingerprint(const struct bco_hasher *hasher) {
    uint32_t value = (uint32_t)bco_hasher_value(hasher).low;
    return value ? value : 1;
}

/* An adapter counts only where it was read: a new one changes nothing yet. */
bool bco_model_hash(struct bco_model *model) {
    struct bco_hasher *hasher = bco_hasher_new();
    size_t most = model->base.count > model->adapter.count ? model->base.count : model->adapter.count;
    struct bco_hash *hashes = bco_calloc(most, sizeof *hashes);
    bool done = false;
    if (!hasher || !hashes) goto done;
    hash_config(hasher, &model->config);
    if (!hash_slots(hasher, &model->base, hashes, model->team.threads)) goto done;
    model->base_fingerprint = fingerprint(hasher);
    if (model->adapter_dir) {
        if (!hash_slots(hasher, &model->adapter, hashes, model->team.threads)) goto done;
        hash_double(hasher, bco_lora_scale(&model->lora));
    }
    model->fingerprint = fingerprint(hasher);
    done = true;
done:
    bco_hasher_free(hasher);
    free(hashes);
    return done;
}

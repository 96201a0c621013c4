#include "nn/decode.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/head.h"
#include "nn/trunk.h"

#include <stdlib.h>
#include <string.h>

struct bco_decoder {
    struct bco_model *model;
    struct bco_cache cache;
    size_t *length; /* [slots] tokens held */
    size_t *past;   /* [slots], of a step's blocks */
};

static size_t width_of(const struct bco_model *model) {
    return model->config.kv_heads * model->config.head_dim;
}

/* Floats of the keys, and as many of the values. */
static bool cache_floats(const struct bco_model *model, size_t slots, size_t capacity, size_t *count) {
    return bco_size_mul(slots, capacity, count) && bco_size_mul(*count, width_of(model), count) &&
           bco_size_mul(*count, model->config.layers, count) && *count <= PTRDIFF_MAX / (2 * sizeof(float));
}

size_t bco_decoder_bytes(const struct bco_model *model, size_t slots, size_t capacity) {
    size_t count;
    return cache_floats(model, slots, capacity, &count) ? 2 * count * sizeof(float) : SIZE_MAX;
}

enum bco_code bco_decoder_open(struct bco_decoder **decoder, struct bco_model *model, size_t slots, size_t capacity,
                               struct bco_error *err) {
    size_t count;
    *decoder = NULL;
    if (model->config.classifier) return bco_fail(err, BCO_EUSAGE, "a classifier generates nothing");
    if (capacity > model->config.positions)
        return bco_fail(err, BCO_EUSAGE, "%zu tokens are more than the model's %zu positions", capacity,
                        model->config.positions);
    if (!cache_floats(model, slots, capacity, &count)) return bco_fail_memory(err);
    struct bco_decoder *d = bco_calloc(1, sizeof *d);
    if (!d) return bco_fail_memory(err);
    d->model = model;
    d->cache = (struct bco_cache){bco_malloc_aligned(count, sizeof(float)), bco_malloc_aligned(count, sizeof(float)),
                                  slots, capacity};
    d->length = bco_calloc(slots, sizeof *d->length);
    d->past = bco_calloc(slots, sizeof *d->past);
    if (!d->cache.k || !d->cache.v || !d->length || !d->past) {
        bco_decoder_close(d);
        return bco_fail_memory(err);
    }
    *decoder = d;
    return BCO_OK;
}

void bco_decoder_close(struct bco_decoder *decoder) {
    if (!decoder) return;
    free(decoder->cache.k);
    free(decoder->cache.v);
    free(decoder->length);
    free(decoder->past);
    free(decoder);
}

static enum bco_code check_block(const struct bco_decoder *d, const struct bco_block *block, size_t b,
                                 struct bco_error *err) {
    size_t first = block->starts[b], last = block->starts[b + 1], slot = block->slot[b];
    if (slot >= d->cache.slots || last <= first)
        return bco_fail(err, BCO_EUSAGE, "block %zu has no slot or no token", b);
    if (last - first > d->cache.capacity - d->length[slot])
        return bco_fail(err, BCO_EUSAGE, "a sequence of %zu tokens is longer than the decoder's %zu",
                        d->length[slot] + (last - first), d->cache.capacity);
    for (size_t t = first; t < last; t++)
        if (block->ids[t] < 0 || (size_t)block->ids[t] >= d->model->config.vocabulary)
            return bco_fail(err, BCO_EDATA, "id %d is not in the model's vocabulary of %zu", block->ids[t],
                            d->model->config.vocabulary);
    return BCO_OK;
}

static void compute(struct bco_decoder *d, const struct bco_block *block, struct bco_pass *pass, float *logits) {
    struct bco_model *model = d->model;
    int32_t *rows = (int32_t *)(void *)pass->rest;
    float *statistics = (float *)(void *)(rows + (block->blocks + 15) / 16 * 16);
    bco_trunk_forward(model, pass);
    for (size_t b = 0; b < block->blocks; b++) rows[b] = (int32_t)(block->starts[b + 1] - 1);
    bco_head_logits(model, block->blocks, rows, pass->x, pass->normed, statistics, logits);
}

enum bco_code bco_decoder_step(struct bco_decoder *d, const struct bco_block *block, float *logits,
                               struct bco_error *err) {
    struct bco_pass pass = {.B = block->blocks,
                            .starts = block->starts,
                            .ids = block->ids,
                            .cache = &d->cache,
                            .slot = block->slot,
                            .past = d->past};
    enum bco_code code = BCO_OK;
    if (block->blocks == 0) return BCO_OK;
    for (size_t b = 0; b < block->blocks; b++) {
        if ((code = check_block(d, block, b, err))) return code;
        size_t length = d->length[block->slot[b]] + block->starts[b + 1] - block->starts[b];
        d->past[b] = d->length[block->slot[b]];
        if (length > pass.longest) pass.longest = length;
    }
    pass.T = block->starts[block->blocks];
    size_t extra = ((block->blocks + 15) / 16 * 16 + 2 * block->blocks) * sizeof(float);
    if ((code = bco_trunk_prepare(d->model, &pass, extra, err))) return code;
    compute(d, block, &pass, logits);
    for (size_t b = 0; b < block->blocks; b++) d->length[block->slot[b]] += block->starts[b + 1] - block->starts[b];
    return BCO_OK;
}

size_t bco_decoder_length(const struct bco_decoder *decoder, size_t slot) {
    return decoder->length[slot];
}

void bco_decoder_rewind(struct bco_decoder *decoder, size_t slot, size_t length) {
    if (length < decoder->length[slot]) decoder->length[slot] = length;
}

void bco_decoder_copy(struct bco_decoder *d, size_t from, size_t to) {
    size_t width = width_of(d->model), slots = d->cache.slots, room = d->cache.capacity * width;
    size_t bytes = d->length[from] * width * sizeof(float);
    for (size_t l = 0; from != to && l < d->model->config.layers; l++) {
        memcpy(d->cache.k + (l * slots + to) * room, d->cache.k + (l * slots + from) * room, bytes);
        memcpy(d->cache.v + (l * slots + to) * room, d->cache.v + (l * slots + from) * room, bytes);
    }
    d->length[to] = d->length[from];
}

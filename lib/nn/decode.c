#include "nn/decode.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/head.h"
#include "nn/trunk.h"

#include <stdlib.h>
#include <string.h>

enum { GRAIN = 64 }; /* tokens: a sequence's memory grows by so many at least */

struct bco_decoder {
    struct bco_model *model;
    struct bco_held *held; /* [slots] */
    size_t slots;
    size_t *length; /* [slots] tokens held */
    size_t *past;   /* [slots], of a step's blocks */
};

static size_t width_of(const struct bco_model *model) {
    return model->config.kv_heads * model->config.head_dim;
}

enum bco_code bco_decoder_open(struct bco_decoder **decoder, struct bco_model *model, size_t slots,
                               struct bco_error *err) {
    *decoder = NULL;
    if (model->config.classifier) return bco_fail(err, BCO_EUSAGE, "a classifier generates nothing");
    struct bco_decoder *d = bco_calloc(1, sizeof *d);
    if (!d) return bco_fail_memory(err);
    d->model = model;
    d->slots = slots;
    d->held = bco_calloc(slots, sizeof *d->held);
    d->length = bco_calloc(slots, sizeof *d->length);
    d->past = bco_calloc(slots, sizeof *d->past);
    if (!d->held || !d->length || !d->past) {
        bco_decoder_close(d);
        return bco_fail_memory(err);
    }
    *decoder = d;
    return BCO_OK;
}

void bco_decoder_close(struct bco_decoder *decoder) {
    if (!decoder) return;
    for (size_t i = 0; decoder->held && i < decoder->slots; i++) free(decoder->held[i].k);
    free(decoder->held);
    free(decoder->length);
    free(decoder->past);
    free(decoder);
}

static size_t bytes_of(const struct bco_decoder *d, size_t tokens) {
    return 2 * tokens * d->model->config.layers * width_of(d->model) * sizeof(float);
}

size_t bco_decoder_bytes(const struct bco_decoder *d) {
    size_t tokens = 0;
    for (size_t i = 0; i < d->slots; i++) tokens += d->held[i].capacity;
    return bytes_of(d, tokens);
}

/* The first `length` tokens of every layer. */
static void copy_tokens(const struct bco_model *model, const struct bco_held *from, size_t length,
                        const struct bco_held *to) {
    size_t width = width_of(model), bytes = length * width * sizeof(float);
    for (size_t l = 0; bytes && l < model->config.layers; l++) {
        memcpy(to->k + l * to->capacity * width, from->k + l * from->capacity * width, bytes);
        memcpy(to->v + l * to->capacity * width, from->v + l * from->capacity * width, bytes);
    }
}

/* What a slot for so many tokens has room for: at most the model's positions. */
static size_t capacity_for(const struct bco_decoder *d, size_t tokens) {
    size_t positions = d->model->config.positions, capacity = (tokens + GRAIN - 1) / GRAIN * GRAIN;
    return capacity < positions ? capacity : positions;
}

static enum bco_code resize(struct bco_decoder *d, size_t slot, size_t tokens, struct bco_error *err) {
    struct bco_held *held = &d->held[slot], grown = {.capacity = capacity_for(d, tokens)};
    size_t count;
    if (!bco_size_mul(grown.capacity, width_of(d->model), &count) ||
        !bco_size_mul(count, d->model->config.layers, &count))
        return bco_fail_memory(err);
    grown.k = bco_malloc_huge(count, 2 * sizeof(float));
    if (!grown.k) return bco_fail_memory(err);
    grown.v = grown.k + count;
    copy_tokens(d->model, held, d->length[slot], &grown);
    free(held->k);
    *held = grown;
    return BCO_OK;
}

/* Room for `need` tokens in a slot. */
static enum bco_code grow(struct bco_decoder *d, size_t slot, size_t need, struct bco_error *err) {
    size_t capacity = d->held[slot].capacity, most = capacity + capacity / 2;
    return need <= capacity ? BCO_OK : resize(d, slot, need > most ? need : most, err);
}

void bco_decoder_release(struct bco_decoder *d, size_t slot) {
    free(d->held[slot].k);
    d->held[slot] = (struct bco_held){0};
    d->length[slot] = 0;
}

enum bco_code bco_decoder_reserve(struct bco_decoder *d, size_t slot, size_t tokens, struct bco_error *err) {
    d->length[slot] = 0;
    if (capacity_for(d, tokens) <= d->held[slot].capacity) return BCO_OK;
    bco_decoder_release(d, slot);
    return resize(d, slot, tokens, err);
}

static enum bco_code check_block(const struct bco_decoder *d, const struct bco_block *block, size_t b,
                                 struct bco_error *err) {
    size_t first = block->starts[b], last = block->starts[b + 1], slot = block->slot[b];
    if (slot >= d->slots || last <= first) return bco_fail(err, BCO_EUSAGE, "block %zu has no slot or no token", b);
    if (last - first > d->model->config.positions - d->length[slot])
        return bco_fail(err, BCO_EUSAGE, "a sequence of %zu tokens is longer than the model's %zu positions",
                        d->length[slot] + (last - first), d->model->config.positions);
    for (size_t t = first; t < last; t++)
        if (block->ids[t] < 0 || (size_t)block->ids[t] >= d->model->config.vocabulary)
            return bco_fail(err, BCO_EDATA, "id %d is not in the model's vocabulary of %zu", block->ids[t],
                            d->model->config.vocabulary);
    return BCO_OK;
}

/* Columns of the widest product. */
static size_t widest_input(const struct bco_model *model) {
    size_t widest = model->config.channels;
    for (size_t i = 0; i < BCO_PROJECTIONS && model->config.layers; i++)
        if (model->layers[0].projection[i].linear.in > widest) widest = model->layers[0].projection[i].linear.in;
    return widest;
}

/* What a step needs behind the pass: the rows of the last tokens, their norms' statistics, the products' panel. */
struct extra {
    size_t rows, statistics, panel; /* elements of 4 bytes */
};

static struct extra extra_of(const struct bco_model *model, size_t blocks, size_t T) {
    return (struct extra){(blocks + 15) / 16 * 16, (2 * blocks + 15) / 16 * 16,
                          model->ops->panel(model->team.threads, T, widest_input(model)) +
                              model->ops->panel(0, T, model->config.channels)};
}

static void compute(struct bco_decoder *d, const struct bco_block *block, struct bco_pass *pass, float *logits) {
    struct bco_model *model = d->model;
    struct extra extra = extra_of(model, block->blocks, pass->T);
    int32_t *rows = (int32_t *)(void *)pass->rest;
    float *statistics = (float *)(void *)(rows + extra.rows);
    model->team.panel = statistics + extra.statistics;
    model->team.panel_size = extra.panel;
    bco_trunk_forward(model, pass);
    for (size_t b = 0; b < block->blocks; b++) rows[b] = (int32_t)(block->starts[b + 1] - 1);
    bco_head_logits(model, block->blocks, rows, pass->x, pass->normed, statistics, logits);
    model->team.panel = NULL;
}

enum bco_code bco_decoder_step(struct bco_decoder *d, const struct bco_block *block, float *logits,
                               struct bco_error *err) {
    struct bco_pass pass = {.B = block->blocks,
                            .starts = block->starts,
                            .ids = block->ids,
                            .cache = d->held,
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
    for (size_t b = 0; b < block->blocks; b++)
        if ((code = grow(d, block->slot[b], d->past[b] + block->starts[b + 1] - block->starts[b], err))) return code;
    pass.T = block->starts[block->blocks];
    struct extra extra = extra_of(d->model, block->blocks, pass.T);
    size_t bytes = (extra.rows + extra.statistics + extra.panel) * sizeof(float);
    if ((code = bco_trunk_prepare(d->model, &pass, bytes, err))) return code;
    compute(d, block, &pass, logits);
    for (size_t b = 0; b < block->blocks; b++) d->length[block->slot[b]] += block->starts[b + 1] - block->starts[b];
    return bco_model_computed(d->model, err);
}

size_t bco_decoder_foreseen(const struct bco_decoder *d, size_t slot, size_t tokens) {
    size_t now = d->held[slot].capacity, then = capacity_for(d, tokens);
    return bco_decoder_bytes(d) + (then > now ? bytes_of(d, then - now) : 0);
}

size_t bco_decoder_step_bytes(const struct bco_model *model, size_t B, size_t T, size_t longest) {
    struct bco_pass pass = {.B = B, .T = T, .longest = longest};
    struct extra extra = extra_of(model, B, T);
    return bco_trunk_bytes(model, &pass) + (extra.rows + extra.statistics + extra.panel) * sizeof(float);
}

size_t bco_decoder_length(const struct bco_decoder *decoder, size_t slot) {
    return decoder->length[slot];
}

void bco_decoder_rewind(struct bco_decoder *decoder, size_t slot, size_t length) {
    if (length < decoder->length[slot]) decoder->length[slot] = length;
}

enum bco_code bco_decoder_copy(struct bco_decoder *d, size_t from, size_t to, size_t length, struct bco_error *err) {
    if (length > d->length[from]) length = d->length[from];
    if (from != to) {
        d->length[to] = 0;
        enum bco_code code = grow(d, to, length, err);
        if (code) return code;
        copy_tokens(d->model, &d->held[from], length, &d->held[to]);
    }
    d->length[to] = length;
    return BCO_OK;
}

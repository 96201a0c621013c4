/* What generation takes beside keys and values. */
#include "base/rss.h"
#include "nn/decode.h"
#include "nn/generate.h"
#include "nn/model.h"
#include "nn/sampler.h"

static uint64_t slots_bytes(const struct bco_slots *slots) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < slots->count; i++)
        bytes += slots->slot[i].count * (slots->slot[i].half ? sizeof(uint16_t) : sizeof(float));
    return bytes;
}

/* Rooms that hold a value a token of the vocabulary; some are not touched with some options. */
static uint64_t rooms_bytes(const struct bco_generate_options *o, uint64_t vocabulary) {
    uint64_t bytes = sizeof(float);
    if (!o->greedy) bytes += (o->top_k || o->top_p < 1 ? 2 : 1) * sizeof(struct bco_candidate);
    if (o->repetition_penalty != 1) bytes += sizeof(float) + sizeof(bool);
    return vocabulary * (bytes * o->slots + (o->n > 1 ? sizeof(float) : 0));
}

void bco_generate_foresee(const struct bco_model *model, const struct bco_generate_options *options, size_t tokens,
                          size_t longest, struct bco_generate_memory *memory) {
    uint64_t resident = bco_memory_resident(), left = bco_memory_free();
    memory->weights = slots_bytes(&model->base) + slots_bytes(&model->adapter);
    memory->rest = resident > memory->weights ? resident - memory->weights : 0;
    memory->work = rooms_bytes(options, bco_model_vocabulary(model)) +
                   bco_decoder_step_bytes(model, options->slots, tokens, longest);
    memory->limit = options->max_memory;
    if (!memory->limit) memory->limit = left == UINT64_MAX ? UINT64_MAX : resident + left / 5 * 4;
}

void bco_generate_add_up(struct bco_generate_memory *memory) {
    uint64_t before = bco_memory_peak();
    memory->peak = memory->weights + memory->cache + memory->work + memory->rest;
    if (before > memory->peak) memory->peak = before;
}

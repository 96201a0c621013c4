/* The estimate: what is resident when the run begins (weights, gradients, tokenizer, records, code), and what will
 * come: moments, the best weights, and the workspace of the largest pass, whose size follows from the shapes of the
 * micro-batches that the run will have. */
#include "align/plan.h"

#include "base/fail.h"
#include "base/rss.h"
#include "nn/bf16.h"
#include "nn/head.h"
#include "nn/model.h"
#include "nn/trunk.h"

enum { MOST_MICRO_TOKENS = 2048, MICRO_TOKENS_UNIT = 64 };

/* What a micro-batch may keep for its backward where it is not said: with weights, gradients and
 * moments a run then stays under 16 bytes a weight and 600 MiB. */
static const size_t micro_bytes = (size_t)512 << 20;

/* Samples looked at for the largest micro-batch: some epochs of most runs. */
static const size_t most_seen = (size_t)1 << 15;

/* OpenBLAS packs blocks of its operands into memory of its own, for each thread. */
static const size_t product_bytes = (size_t)6 << 20;

/* ---- the largest micro-batch ----------------------------------------------------------------- */

struct shape {
    size_t sequences, tokens, longest, completions;
};

struct largest {
    size_t activations, logits;
};

static struct shape shape_of(const struct bco_dataset *data, const size_t *entries, size_t count) {
    struct shape s = {.sequences = count};
    for (size_t i = 0; i < count; i++) {
        const struct bco_entry e = bco_dataset_entry(data, entries[i]);
        s.completions += e.length - e.prompt_len;
        if (e.length > s.longest) s.longest = e.length;
    }
    return s;
}

static void take_pass(const struct bco_model *model, struct shape s, bool train, bool recompute, struct largest *most) {
    struct bco_pass pass = {
        .B = s.sequences, .T = s.tokens, .longest = s.longest, .train = train, .recompute = recompute};
    struct bco_head head = {.count = s.completions};
    size_t activations = bco_trunk_bytes(model, &pass);
    size_t logits = bco_model_is_classifier(model) ? 0 : bco_head_bytes(model, &head, train);
    if (activations + logits > most->activations + most->logits) *most = (struct largest){activations, logits};
}

static enum bco_code take_entries(struct bco_trainer *t, const struct bco_dataset *data, size_t count, bool train,
                                  bool recompute, struct largest *most, struct bco_error *err) {
    const struct bco_pack *pack = &t->micro.pack;
    enum bco_code code = BCO_OK;
    for (size_t done = 0; done < count && code == BCO_OK; done += pack->count) {
        code = bco_micro_fill(t, data, t->chosen + done, count - done, err);
        if (code != BCO_OK) break;
        struct shape shape = shape_of(data, t->chosen + done, pack->count);
        shape.tokens = pack->rows;
        take_pass(t->model, shape, train, recompute, most);
    }
    return code;
}

/* Goes through the steps as the run will, without the model. */
static enum bco_code find_largest(struct bco_trainer *t, bool recompute, struct largest *most, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    size_t count, seen = 0;
    *most = (struct largest){0};
    for (t->step = 0; t->step < t->steps && seen < most_seen && code == BCO_OK; t->step++, seen += count)
        if ((code = bco_trainer_choose(t, &count, err)) == BCO_OK)
            code = take_entries(t, t->train, count, true, recompute, most, err);
    t->step = 0;
    for (size_t record = 0; t->valid && record < bco_dataset_records(t->valid) && code == BCO_OK;)
        if ((code = bco_trainer_choose_held_out(t, &record, &count, err)) == BCO_OK)
            code = take_entries(t, t->valid, count, false, false, most, err);
    return code;
}

/* ---- what is needed whatever the cut --------------------------------------------------------------- */

static uint64_t slots_bytes(const struct bco_slots *slots) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < slots->count; i++)
        bytes += slots->slot[i].count * (slots->slot[i].half ? sizeof(uint16_t) : sizeof(float));
    return bytes;
}

static uint64_t records_bytes(const struct bco_dataset *data) {
    return data ? bco_dataset_records(data) * BCO_RECORD_BYTES : 0;
}

/* Their places in the order, and the scores of those that are held out, which are not there yet. */
static uint64_t places_bytes(const struct bco_trainer *t) {
    uint64_t scores = t->valid ? bco_dataset_size(t->valid) * sizeof(struct bco_scored) : 0;
    return t->records * sizeof *t->order + scores;
}

/* Weights of 16 bits are widened a piece at a time: of the largest matrix, if it is not larger than the room. */
static size_t wide_bytes(const struct bco_model *model) {
    size_t largest = bco_model_is_classifier(model) ? 0 : model->config.vocabulary * model->config.channels;
    for (int i = 0; i < BCO_PROJECTIONS; i++) {
        const struct bco_linear *linear = &model->layers[0].projection[i].linear;
        if (linear->in * linear->out > largest) largest = linear->in * linear->out;
    }
    return (largest < model->team.wide_size ? largest : model->team.wide_size) * sizeof(float);
}

/* What products take of their own, which is not resident before the first of them. */
static size_t products_bytes(const struct bco_model *model) {
    size_t bytes = product_bytes * (size_t)model->team.threads;
    if (model->team.bf16) return bytes + bco_bf16_bytes(model->team.threads);
    return model->base.halves ? bytes + wide_bytes(model) : bytes;
}

static void take_fixed(struct bco_trainer *t) {
    const struct bco_slots *trained = bco_model_trained(t->model);
    struct bco_train_memory *m = &t->memory;
    uint64_t elements = trained->elements * sizeof(float), resident = bco_memory_resident();
    m->weights = slots_bytes(&t->model->base) + slots_bytes(&t->model->adapter);
    m->gradients = elements;
    m->moments = 2 * elements;
    m->best = t->options->stop_patience ? elements : 0;
    m->records = records_bytes(t->train) + records_bytes(t->valid);
    if (t->prompts) m->records += t->records * sizeof *t->prompts;
    uint64_t known = m->weights + m->gradients + m->records;
    m->rest = (resident > known ? resident - known : 0) + products_bytes(t->model);
    m->records += places_bytes(t);
    m->limit = t->options->max_memory;
    uint64_t left = bco_memory_free();
    if (!m->limit) m->limit = left == UINT64_MAX ? UINT64_MAX : resident + left / 5 * 4;
}

/* ---- the choice ---------------------------------------------------------------------------------------- */

static size_t longest_entry(const struct bco_dataset *data) {
    size_t longest = 0;
    for (size_t i = 0; i < 2 * bco_dataset_records(data); i++) {
        size_t length = bco_dataset_entry(data, i).length;
        if (length > longest) longest = length;
    }
    return longest;
}

/* Depends on the model and the records alone, not on the machine: a run can be repeated elsewhere. */
static size_t usual_tokens(const struct bco_trainer *t) {
    size_t longest = longest_entry(t->train), tokens = MOST_MICRO_TOKENS;
    while (tokens > MICRO_TOKENS_UNIT &&
           bco_model_activation_bytes(t->model, tokens / MICRO_TOKENS_UNIT, tokens, longest < tokens ? longest : tokens,
                                      false) > micro_bytes)
        tokens -= MICRO_TOKENS_UNIT;
    return tokens;
}

/* *fits: the run with this cut stays under the limit. */
static enum bco_code try_cut(struct bco_trainer *t, size_t tokens, bool recompute, bool *fits, struct bco_error *err) {
    struct bco_train_memory *m = &t->memory;
    struct largest most;
    t->micro_tokens = m->micro_tokens = tokens;
    m->recompute = recompute;
    enum bco_code code = find_largest(t, recompute, &most, err);
    if (code != BCO_OK) return code;
    m->activations = most.activations;
    m->logits = most.logits;
    m->peak = m->weights + m->gradients + m->moments + m->best + m->activations + m->logits + m->records + m->rest;
    uint64_t before = bco_memory_peak();
    if (before > m->peak) m->peak = before;
    *fits = m->peak <= m->limit;
    return BCO_OK;
}

static enum bco_code refuse(const struct bco_trainer *t, struct bco_error *err) {
    const struct bco_train_memory *m = &t->memory;
    return bco_fail(err, BCO_ESYSTEM, "training needs %.0f MiB of memory at least, and %s %.0f MiB",
                    (double)m->peak / 0x1p20,
                    t->options->max_memory ? "--max-memory gives" : "what it has with 80 % of what is free is",
                    (double)m->limit / 0x1p20);
}

/* Recomputation first, as it changes no bit of the result; then smaller micro-batches, which change its rounding. */
enum bco_code bco_plan_memory(struct bco_trainer *t, struct bco_error *err) {
    enum bco_recompute wish = t->options->recompute;
    bool fixed = t->micro_tokens != 0, fits = false;
    if (!t->memory.limit) take_fixed(t);
    size_t tokens = fixed ? t->micro_tokens : usual_tokens(t);
    enum bco_code code = try_cut(t, tokens, wish == BCO_RECOMPUTE_ON, &fits, err);
    if (code == BCO_OK && !fits && wish == BCO_RECOMPUTE_AUTO) code = try_cut(t, tokens, true, &fits, err);
    while (code == BCO_OK && !fits && !fixed && tokens > MICRO_TOKENS_UNIT) {
        tokens -= MICRO_TOKENS_UNIT;
        code = try_cut(t, tokens, t->memory.recompute, &fits, err);
    }
    if (code == BCO_OK && !fits) return refuse(t, err);
    bco_model_set_recompute(t->model, t->memory.recompute);
    return code;
}

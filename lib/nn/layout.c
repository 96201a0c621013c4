/* Which weights a model has, in which order, and where: names, shapes and places
 * follow from the family's row and config.json. Weights that are multiplied together
 * (q, k, v; gate, up) lie one behind the other, so that one product does. */
#include "base/fail.h"
#include "base/mem.h"
#include "nn/model.h"

#include <stdio.h>
#include <string.h>

#define ALIGNMENT 16 /* floats */
#define NAME_SIZE 192

/* Walks over all weights, twice: the first time it lists them, the second time,
 * when they have memory, it hands out their places. */
struct walk {
    struct bco_model *model;
    struct bco_error *err;
    enum bco_code code;
    bool placing;
    size_t next;  /* slot */
    size_t layer; /* in names */
    bool in_layer;
};

struct place {
    float *weight, *gradient;
};

static void full_name(const struct walk *w, const char *base, const char *suffix, char name[NAME_SIZE]) {
    const struct bco_names *names = &w->model->config.family->names;
    const char *root = base == names->head ? "" : names->root;
    char layer[32] = "";
    if (w->in_layer) snprintf(layer, sizeof layer, names->layer, w->layer);
    snprintf(name, NAME_SIZE, "%s%s%s.%s", root, layer, base, suffix);
}

static bool list(struct walk *w, const char *name, size_t rows, size_t columns, enum bco_start start, bool joined) {
    struct bco_model *m = w->model;
    struct bco_slot slot = {.dims = rows ? 2 : 1, .shape = {rows ? rows : columns, rows ? columns : 0}, .start = start};
    size_t aligned = joined ? m->floats : (m->floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!bco_size_mul(rows ? rows : 1, columns, &slot.count) || !bco_size_add(aligned, slot.count, &m->floats) ||
        m->floats > PTRDIFF_MAX / sizeof(float) ||
        !bco_grow((void **)&m->slots, &m->slot_capacity, m->slot_count + 1, sizeof *m->slots) ||
        !(slot.name = bco_strndup(name, strlen(name))))
        return false;
    slot.offset = aligned;
    m->parameters += slot.count;
    m->slots[m->slot_count++] = slot;
    return true;
}

/* The next weight: a matrix [rows, columns], or a vector where rows is 0. `joined`: right behind the one before. */
static struct place next(struct walk *w, const char *base, const char *suffix, size_t rows, size_t columns,
                         enum bco_start start, bool joined) {
    struct bco_model *m = w->model;
    if (w->placing) {
        const struct bco_slot *slot = &m->slots[w->next++];
        return (struct place){m->weights + slot->offset, m->gradients ? m->gradients + slot->offset : NULL};
    }
    char name[NAME_SIZE];
    full_name(w, base, suffix, name);
    if (!w->code && !list(w, name, rows, columns, start, joined)) w->code = bco_fail_memory(w->err);
    return (struct place){0};
}

static void walk_norm(struct walk *w, struct bco_norm *norm, const char *base, size_t channels, size_t groups) {
    const struct bco_config *c = &w->model->config;
    *norm = (struct bco_norm){.channels = channels, .groups = groups, .eps = (float)c->eps};
    if (!base) return;
    norm->kind = c->family->norm;
    enum bco_start start = norm->kind == BCO_NORM_RMS_PLUS_ONE ? BCO_START_ZEROS : BCO_START_ONES;
    struct place weight = next(w, base, "weight", 0, channels, start, false);
    norm->weight = weight.weight;
    norm->dweight = weight.gradient;
    if (norm->kind != BCO_NORM_LAYER) return;
    struct place bias = next(w, base, "bias", 0, channels, BCO_START_ZEROS, false);
    norm->bias = bias.weight;
    norm->dbias = bias.gradient;
}

/* One product from up to three weights: parts[i] has outs[i] rows; a NULL part is left out. */
static void walk_linear(struct walk *w, struct bco_linear *l, size_t in, const char *const parts[3],
                        const size_t outs[3], bool bias) {
    bool by_input = w->model->config.family->by_input;
    struct place first = {0};
    *l = (struct bco_linear){.in = in, .by_input = by_input};
    for (int i = 0; i < 3; i++) {
        if (!parts[i]) continue;
        size_t rows = by_input ? in : outs[i], columns = by_input ? outs[i] : in;
        struct place place = next(w, parts[i], "weight", rows, columns, BCO_START_RANDOM, l->out != 0);
        if (!l->out) first = place;
        l->out += outs[i];
    }
    l->weight = first.weight;
    l->dweight = first.gradient;
    first = (struct place){0};
    for (int i = 0; bias && i < 3; i++) {
        if (!parts[i]) continue;
        struct place place = next(w, parts[i], "bias", 0, outs[i], BCO_START_ZEROS, i > 0);
        if (!first.weight) first = place;
    }
    l->bias = first.weight;
    l->dbias = first.gradient;
}

static void walk_attention(struct walk *w, struct bco_layer *layer) {
    const struct bco_config *c = &w->model->config;
    const struct bco_names *n = &c->family->names;
    size_t q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    bool whole = c->family->qk_norm == BCO_QK_WHOLE;
    walk_norm(w, &layer->norm1, n->norm1, c->channels, 1);
    if (n->qkv)
        walk_linear(w, &layer->qkv, c->channels, (const char *const[3]){n->qkv}, (size_t[3]){q + 2 * kv}, c->qkv_bias);
    else
        walk_linear(w, &layer->qkv, c->channels, (const char *const[3]){n->q, n->k, n->v}, (size_t[3]){q, kv, kv},
                    c->qkv_bias);
    walk_norm(w, &layer->q_norm, n->q_norm, whole ? q : c->head_dim, whole ? 1 : c->heads);
    walk_norm(w, &layer->k_norm, n->k_norm, whole ? kv : c->head_dim, whole ? 1 : c->kv_heads);
    walk_linear(w, &layer->o, q, (const char *const[3]){n->o}, (size_t[3]){c->channels}, c->o_bias);
    walk_norm(w, &layer->after1, n->after1, c->channels, 1);
}

static void walk_feed_forward(struct walk *w, struct bco_layer *layer) {
    const struct bco_config *c = &w->model->config;
    const struct bco_names *n = &c->family->names;
    walk_norm(w, &layer->norm2, n->norm2, c->channels, 1);
    if (n->gate_up)
        walk_linear(w, &layer->gate_up, c->channels, (const char *const[3]){n->gate_up}, (size_t[3]){2 * c->hidden},
                    c->mlp_bias);
    else
        walk_linear(w, &layer->gate_up, c->channels, (const char *const[3]){n->gate, n->up},
                    (size_t[3]){c->hidden, c->hidden}, c->mlp_bias);
    walk_linear(w, &layer->down, c->hidden, (const char *const[3]){n->down}, (size_t[3]){c->channels}, c->mlp_bias);
    walk_norm(w, &layer->after2, n->after2, c->channels, 1);
}

static void walk_ends(struct walk *w) {
    struct bco_model *m = w->model;
    const struct bco_config *c = &m->config;
    const struct bco_names *n = &c->family->names;
    struct place table = next(w, n->embedding, "weight", c->vocabulary, c->channels, BCO_START_RANDOM, false);
    struct place head = table, positions = {0};
    if (!c->tied) head = next(w, n->head, "weight", c->vocabulary, c->channels, BCO_START_RANDOM, false);
    if (n->positions) positions = next(w, n->positions, "weight", c->positions, c->channels, BCO_START_RANDOM, false);
    m->embedding = table.weight;
    m->dembedding = table.gradient;
    m->position_table = positions.weight;
    m->dposition_table = positions.gradient;
    m->head =
        (struct bco_linear){.in = c->channels, .out = c->vocabulary, .weight = head.weight, .dweight = head.gradient};
    walk_norm(w, &m->final_norm, n->final_norm, c->channels, 1);
}

static enum bco_code walk(struct bco_model *model, bool placing, struct bco_error *err) {
    struct walk w = {.model = model, .err = err, .placing = placing};
    walk_ends(&w);
    w.in_layer = true;
    for (w.layer = 0; w.layer < model->config.layers && !w.code; w.layer++) {
        walk_attention(&w, &model->layers[w.layer]);
        walk_feed_forward(&w, &model->layers[w.layer]);
    }
    return w.code;
}

enum bco_code bco_model_layout(struct bco_model *model, struct bco_error *err) {
    model->layers = bco_calloc(model->config.layers, sizeof *model->layers);
    if (!model->layers) return bco_fail_memory(err);
    enum bco_code code = walk(model, false, err);
    if (code) return code;
    model->floats = (model->floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return BCO_OK;
}

enum bco_code bco_model_place(struct bco_model *model, struct bco_error *err) {
    model->weights = bco_malloc_aligned(model->floats, sizeof(float));
    if (!model->weights) return bco_fail_memory(err);
    if (model->trainable && !(model->gradients = bco_malloc_aligned(model->floats, sizeof(float))))
        return bco_fail_memory(err);
    if (model->gradients) memset(model->gradients, 0, model->floats * sizeof(float));
    return walk(model, true, err);
}

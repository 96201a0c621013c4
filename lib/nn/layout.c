/* Which weights a model has, in which order, and where: names, shapes and places
 * follow from the family's row and config.json. Weights that are multiplied together
 * (q, k, v; gate, up) lie one behind the other, so that one product does. */
#include "base/fail.h"
#include "base/mem.h"
#include "nn/model.h"

#include <stdio.h>
#include <string.h>

const char bco_score_name[] = "score";

/* Walks over all weights, twice: the first time it lists them, the second time,
 * when they have memory, it hands out their places. */
struct walk {
    struct bco_model *model;
    struct bco_error *err;
    enum bco_code code;
    bool placing;
    size_t next;  /* slot */
    size_t layer; /* SIZE_MAX outside the layers */
};

struct place {
    float *weight, *gradient; /* weight NULL: in 16 bits */
    struct bco_half half;
};

void bco_model_name(const struct bco_model *model, size_t layer, const char *base, const char *suffix,
                    char name[BCO_NAME_SIZE]) {
    const struct bco_names *names = &model->config.family->names;
    const char *root = base == names->head || base == bco_score_name ? "" : names->root;
    char inside[32] = "";
    if (layer != SIZE_MAX) snprintf(inside, sizeof inside, names->layer, layer);
    snprintf(name, BCO_NAME_SIZE, "%s%s%s.%s", root, inside, base, suffix);
}

/* The next weight: a matrix [rows, columns], or a vector where rows is 0. `joined`: right behind the one before. */
static struct place next(struct walk *w, const char *base, const char *suffix, size_t rows, size_t columns,
                         enum bco_start start, bool joined) {
    struct bco_slots *slots = &w->model->base;
    if (w->placing) {
        const struct bco_slot *slot = &slots->slot[w->next++];
        if (slot->half) return (struct place){.half = {slots->halves + slot->offset, slots->bf16}};
        return (struct place){.weight = slots->weights + slot->offset,
                              .gradient = slots->gradients ? slots->gradients + slot->offset : NULL};
    }
    char name[BCO_NAME_SIZE];
    bco_model_name(w->model, w->layer, base, suffix, name);
    if (!w->code && !bco_slots_add(slots, name, rows, columns, start, joined)) w->code = bco_fail_memory(w->err);
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

static void walk_biases(struct walk *w, struct bco_projection *p) {
    struct place first = {0};
    for (int i = 0; i < 3 && p->module[i]; i++) {
        struct place place = next(w, p->module[i], "bias", 0, p->outs[i], BCO_START_ZEROS, i > 0);
        if (i == 0) first = place;
    }
    p->linear.bias = first.weight;
    p->linear.dbias = first.gradient;
}

/* One product of up to three modules; module i has outs[i] rows. */
static void walk_linear(struct walk *w, struct bco_projection *p, size_t in, const char *const modules[3],
                        const size_t outs[3], bool bias) {
    bool by_input = w->model->config.family->by_input;
    struct bco_linear *l = &p->linear;
    size_t count = 0;
    *l = (struct bco_linear){.in = in, .by_input = by_input};
    for (int i = 0; i < 3; i++) {
        if (!modules[i]) continue;
        size_t rows = by_input ? in : outs[i], columns = by_input ? outs[i] : in;
        struct place place = next(w, modules[i], "weight", rows, columns, BCO_START_RANDOM, count > 0);
        if (count == 0) l->weight = place.weight, l->dweight = place.gradient, l->half = place.half;
        p->module[count] = modules[i];
        p->outs[count++] = outs[i];
        l->out += outs[i];
    }
    if (bias) walk_biases(w, p);
}

static void walk_attention(struct walk *w, struct bco_layer *layer) {
    const struct bco_config *c = &w->model->config;
    const struct bco_names *n = &c->family->names;
    size_t q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    bool whole = c->family->qk_norm == BCO_QK_WHOLE;
    walk_norm(w, &layer->norm1, n->norm1, c->channels, 1);
    if (n->qkv)
        walk_linear(w, &layer->projection[BCO_QKV], c->channels, (const char *const[3]){n->qkv},
                    (size_t[3]){q + 2 * kv}, c->qkv_bias);
    else
        walk_linear(w, &layer->projection[BCO_QKV], c->channels, (const char *const[3]){n->q, n->k, n->v},
                    (size_t[3]){q, kv, kv}, c->qkv_bias);
    walk_norm(w, &layer->q_norm, n->q_norm, whole ? q : c->head_dim, whole ? 1 : c->heads);
    walk_norm(w, &layer->k_norm, n->k_norm, whole ? kv : c->head_dim, whole ? 1 : c->kv_heads);
    walk_linear(w, &layer->projection[BCO_O], q, (const char *const[3]){n->o}, (size_t[3]){c->channels}, c->o_bias);
    walk_norm(w, &layer->after1, n->after1, c->channels, 1);
}

static void walk_feed_forward(struct walk *w, struct bco_layer *layer) {
    const struct bco_config *c = &w->model->config;
    const struct bco_names *n = &c->family->names;
    walk_norm(w, &layer->norm2, n->norm2, c->channels, 1);
    if (n->gate_up)
        walk_linear(w, &layer->projection[BCO_UP], c->channels, (const char *const[3]){n->gate_up},
                    (size_t[3]){2 * c->hidden}, c->mlp_bias);
    else
        walk_linear(w, &layer->projection[BCO_UP], c->channels, (const char *const[3]){n->gate, n->up},
                    (size_t[3]){c->hidden, c->hidden}, c->mlp_bias);
    walk_linear(w, &layer->projection[BCO_DOWN], c->hidden, (const char *const[3]){n->down}, (size_t[3]){c->channels},
                c->mlp_bias);
    walk_norm(w, &layer->after2, n->after2, c->channels, 1);
}

static void walk_ends(struct walk *w) {
    struct bco_model *m = w->model;
    const struct bco_config *c = &m->config;
    const struct bco_names *n = &c->family->names;
    struct place table = next(w, n->embedding, "weight", c->vocabulary, c->channels, BCO_START_RANDOM, false);
    struct place head = table, positions = {0};
    if (c->classifier) {
        head = next(w, bco_score_name, "weight", 1, c->channels, BCO_START_RANDOM, false);
        if (!w->code) m->base.slot[1].wide = true; /* it may have to be drawn */
    } else if (!c->tied)
        head = next(w, n->head, "weight", c->vocabulary, c->channels, BCO_START_RANDOM, false);
    if (n->positions) positions = next(w, n->positions, "weight", c->positions, c->channels, BCO_START_RANDOM, false);
    m->tokens = (struct bco_table){table.weight, table.gradient, table.half};
    m->positions = (struct bco_table){positions.weight, positions.gradient, positions.half};
    m->head = (struct bco_linear){.in = c->channels,
                                  .out = c->classifier ? 1 : c->vocabulary,
                                  .weight = head.weight,
                                  .dweight = head.gradient,
                                  .half = head.half};
    walk_norm(w, &m->final_norm, n->final_norm, c->channels, 1);
}

/* Each product knows the one after it; after the last one the next pass begins. */
static void chain(struct bco_model *m) {
    struct bco_linear *last = &m->head;
    for (size_t i = 0; i < m->config.layers * BCO_PROJECTIONS; i++) {
        struct bco_linear *linear = &m->layers[i / BCO_PROJECTIONS].projection[i % BCO_PROJECTIONS].linear;
        last->next = linear;
        last = linear;
    }
    last->next = &m->head;
}

static enum bco_code walk(struct bco_model *model, bool placing, struct bco_error *err) {
    struct walk w = {.model = model, .err = err, .placing = placing, .layer = SIZE_MAX};
    walk_ends(&w);
    for (w.layer = 0; w.layer < model->config.layers && !w.code; w.layer++) {
        walk_attention(&w, &model->layers[w.layer]);
        walk_feed_forward(&w, &model->layers[w.layer]);
    }
    chain(model);
    return w.code;
}

enum bco_code bco_model_layout(struct bco_model *model, struct bco_error *err) {
    model->layers = bco_calloc(model->config.layers, sizeof *model->layers);
    return model->layers ? walk(model, false, err) : bco_fail_memory(err);
}

enum bco_code bco_model_place(struct bco_model *model, bool gradients, bool half, struct bco_error *err) {
    if (!bco_slots_place(&model->base, gradients, half)) return bco_fail_memory(err);
    return walk(model, true, err);
}

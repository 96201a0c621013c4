#include "nn/trunk.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/angles.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory ------------------------------------------------------------------ */

/* Hands out pieces of `base`; with base NULL it only counts. */
struct carver {
    char *base;
    size_t used;
};

static void *carve(struct carver *c, size_t rows, size_t columns, size_t size) {
    void *piece = c->base ? c->base + c->used : NULL;
    c->used += (rows * columns * size + 63) / 64 * 64;
    return piece;
}

static float *floats(struct carver *c, size_t T, size_t columns) {
    return carve(c, T, columns, sizeof(float));
}

static size_t qkv_width(const struct bco_config *c) {
    return (c->heads + 2 * c->kv_heads) * c->head_dim;
}

static size_t up_width(const struct bco_config *c) {
    return c->activation == BCO_GELU ? c->hidden : 2 * c->hidden;
}

/* The most that a layer has. */
static size_t ranks_of(const struct bco_model *model, int projection) {
    size_t most = 0;
    for (size_t l = 0; l < model->config.layers && model->lora.rank; l++) {
        size_t ranks = bco_project_ranks(&model->layers[l].projection[projection]);
        if (ranks > most) most = ranks;
    }
    return most;
}

/* The projections of all layers have the same shapes. */
static void carve_low(struct carver *c, const struct bco_model *model, size_t T, struct bco_low *low) {
    size_t most = 0, widest = 0;
    for (int i = 0; i < BCO_PROJECTIONS; i++) {
        const struct bco_linear *linear = &model->layers[0].projection[i].linear;
        size_t ranks = ranks_of(model, i), width = linear->in > linear->out ? linear->in : linear->out;
        if (ranks > most) most = ranks;
        if (ranks && width > widest) widest = width;
    }
    low->du = floats(c, T, most);
    low->a = floats(c, most, widest);
    low->product = floats(c, most, widest);
}

/* What a layer keeps besides its input. */
static void carve_stash(struct carver *c, const struct bco_model *model, size_t T, bool train, struct bco_stash *s) {
    const struct bco_config *k = &model->config;
    const struct bco_layer *layer = &model->layers[0];
    s->norm1 = floats(c, T, 2);
    s->norm2 = floats(c, T, 2);
    s->qkv = floats(c, T, qkv_width(k));
    if (layer->q_norm.kind) {
        s->raw_qk = floats(c, T, (k->heads + k->kv_heads) * k->head_dim);
        s->qk_norm = floats(c, T, 2 * (k->heads + k->kv_heads));
    }
    s->logsum = floats(c, T, train ? k->heads : 0);
    s->attention = floats(c, T, k->heads * k->head_dim);
    if (layer->after1.kind) {
        s->raw_after1 = floats(c, T, k->channels);
        s->after1 = floats(c, T, 2);
    }
    s->gate_up = floats(c, T, up_width(k));
    if (layer->after2.kind) {
        s->raw_after2 = floats(c, T, k->channels);
        s->after2 = floats(c, T, 2);
    }
    s->middle = train ? floats(c, T, k->channels) : s->x;
    for (int i = 0; i < BCO_PROJECTIONS; i++) s->u[i] = floats(c, T, ranks_of(model, i));
}

/* Without a backward one stash serves all layers; with recomputation each layer keeps its input alone. */
static void carve_stashes(struct carver *c, const struct bco_model *model, struct bco_pass *p) {
    size_t layers = model->config.layers;
    struct bco_stash shared = {0};
    bool apart = p->train && !p->recompute;
    p->stash = carve(c, layers, 1, sizeof *p->stash);
    p->x = floats(c, p->T, model->config.channels);
    shared.x = p->x;
    if (!apart) carve_stash(c, model, p->T, p->train, &shared);
    for (size_t l = 0; l < layers; l++) {
        struct bco_stash s = shared;
        if (p->train) s.x = floats(c, p->T, model->config.channels);
        if (apart) carve_stash(c, model, p->T, true, &s);
        if (c->base) p->stash[l] = s;
    }
}

static size_t carve_pass(const struct bco_model *model, struct bco_pass *p, char *base) {
    const struct bco_config *k = &model->config;
    struct carver c = {.base = base};
    p->positions = carve(&c, p->T, 1, sizeof *p->positions);
    p->segment = carve(&c, p->B, 2, sizeof *p->segment);
    carve_stashes(&c, model, p);
    p->normed = floats(&c, p->T, k->channels);
    p->delta = floats(&c, p->T, k->channels);
    p->act = floats(&c, p->T, k->hidden);
    carve_low(&c, model, p->T, &p->low);
    if (p->train) {
        p->dx = floats(&c, p->T, k->channels);
        p->dnormed = floats(&c, p->T, k->channels);
        p->dqkv = floats(&c, p->T, qkv_width(k));
        p->dattention = floats(&c, p->T, k->heads * k->head_dim);
        p->dact = floats(&c, p->T, k->hidden);
    }
    return c.used;
}

static struct bco_attention attention_shape(const struct bco_model *model, const struct bco_pass *p, size_t l) {
    const struct bco_config *c = &model->config;
    return (struct bco_attention){.heads = c->heads,
                                  .kv_heads = c->kv_heads,
                                  .head_dim = c->head_dim,
                                  .scale = (float)c->attention_scale,
                                  .window = c->windowed[l] ? c->window : 0,
                                  .ldq = qkv_width(c),
                                  .ldkv = p->cache ? c->kv_heads * c->head_dim : qkv_width(c),
                                  .ldo = c->heads * c->head_dim,
                                  .max_keys = p->longest};
}

/* Floats of scratch a thread needs: attention's scores, or a norm's sums. */
static size_t scratch_size(const struct bco_model *model, const struct bco_pass *p) {
    struct bco_attention shape = attention_shape(model, p, 0);
    size_t attention = model->ops->attention_scratch(&shape);
    size_t widest = model->config.channels > shape.ldq ? model->config.channels : shape.ldq;
    size_t need = attention > 2 * widest ? attention : 2 * widest;
    return (need + 15) / 16 * 16;
}

static size_t total_bytes(const struct bco_model *model, struct bco_pass *p, char *base) {
    return carve_pass(model, p, base) + (size_t)model->team.threads * scratch_size(model, p) * sizeof(float);
}

size_t bco_trunk_bytes(const struct bco_model *model, const struct bco_pass *pass) {
    struct bco_pass copy = *pass;
    return total_bytes(model, &copy, NULL);
}

static enum bco_code reserve(struct bco_model *model, size_t bytes, struct bco_error *err) {
    if (bytes <= model->workspace_size) return BCO_OK;
    free(model->workspace);
    model->workspace_size = 0;
    model->workspace = bco_malloc_huge(bytes, 1);
    if (!model->workspace) return bco_fail_memory(err);
    model->workspace_size = bytes;
    return BCO_OK;
}

static void set_positions(struct bco_pass *p) {
    for (size_t b = 0; b < p->B; b++)
        for (size_t t = p->starts[b]; t < p->starts[b + 1]; t++)
            p->positions[t] = (int32_t)(t - p->starts[b] + (p->past ? p->past[b] : 0));
}

enum bco_code bco_trunk_prepare(struct bco_model *model, struct bco_pass *p, size_t extra, struct bco_error *err) {
    size_t bytes = total_bytes(model, p, NULL);
    if (!bco_size_add(bytes, extra, &bytes)) return bco_fail_memory(err);
    enum bco_code code = bco_angles_reach(model, p->longest, err);
    if (!code) code = reserve(model, bytes, err);
    if (code) return code;
    size_t used = carve_pass(model, p, model->workspace);
    model->team.scratch = (float *)(void *)(model->workspace + used);
    model->team.scratch_size = scratch_size(model, p);
    p->rest = model->workspace + used + (size_t)model->team.threads * model->team.scratch_size * sizeof(float);
    set_positions(p);
    return BCO_OK;
}

/* ---- forward --------------------------------------------------------------- */

static struct bco_rope rope_of(const struct bco_model *model, size_t l) {
    const struct bco_config *c = &model->config;
    bool local = c->windowed[l] && c->family->rope_local;
    const struct bco_angles *angles = local ? &model->local_angles : &model->angles;
    return (struct bco_rope){c->rope.pairs, angles->cosines, angles->sines};
}

/* y = norm(x); the result lies in x itself where there is no norm. */
static const float *normalise(const struct bco_model *model, const struct bco_norm *norm, size_t T, const float *x,
                              float *y, float *statistics) {
    size_t C = norm->channels * norm->groups;
    if (!norm->kind) return x;
    model->ops->norm(&model->team, norm, T, x, C, y, C, statistics);
    return y;
}

static void normalise_qk(const struct bco_model *model, const struct bco_pass *p, const struct bco_layer *layer,
                         const struct bco_stash *s) {
    const struct bco_config *c = &model->config;
    size_t q = c->heads * c->head_dim, width = q + c->kv_heads * c->head_dim, ld = qkv_width(c);
    if (!layer->q_norm.kind) return;
    for (size_t t = 0; t < p->T; t++) memcpy(s->raw_qk + t * width, s->qkv + t * ld, width * sizeof(float));
    model->ops->norm(&model->team, &layer->q_norm, p->T, s->raw_qk, width, s->qkv, ld, s->qk_norm);
    model->ops->norm(&model->team, &layer->k_norm, p->T, s->raw_qk + q, width, s->qkv + q, ld,
                     s->qk_norm + 2 * p->T * layer->q_norm.groups);
}

static void copy_to_cache(const struct bco_config *c, const struct bco_pass *p, const struct bco_stash *s, size_t b,
                          float *k, float *v) {
    size_t width = c->kv_heads * c->head_dim, ld = qkv_width(c);
    for (size_t t = p->starts[b]; t < p->starts[b + 1]; t++) {
        const float *row = s->qkv + t * ld + c->heads * c->head_dim;
        size_t at = (size_t)p->positions[t] * width;
        memcpy(k + at, row, width * sizeof *k);
        memcpy(v + at, row + width, width * sizeof *v);
    }
}

/* Rows [first, first+count), whose keys and values are in the batch itself; `shared` more stand in segment `leader`. */
static struct bco_segment batch_segment(const struct bco_config *c, const struct bco_pass *p, const struct bco_stash *s,
                                        size_t first, size_t count, size_t shared, size_t leader, size_t next) {
    size_t at = first * qkv_width(c) + c->heads * c->head_dim, width = c->kv_heads * c->head_dim;
    return (struct bco_segment){.first = first,
                                .queries = count,
                                .keys = shared + count,
                                .k = s->qkv + at,
                                .v = s->qkv + at + width,
                                .dk = p->train ? p->dqkv + at : NULL,
                                .dv = p->train ? p->dqkv + at + width : NULL,
                                .shared = shared,
                                .leader = leader,
                                .next = next};
}

/* A prompt and a completion that looks back at it, also where nobody shares the prompt: so a sequence's values are
 * the same, to the last bit, whoever else is in the batch. One of the two is empty where there is nothing to share. */
static void set_sequence(const struct bco_config *c, struct bco_pass *p, const struct bco_stash *s, size_t b) {
    size_t first = p->starts[b], count = p->starts[b + 1] - first, past = p->past ? p->past[b] : 0;
    size_t leader = past ? p->leader[b] : b, next = p->next && p->next[b] ? 2 * p->next[b] + 1 : 0;
    size_t own = past ? 0 : p->prompt_len && p->prompt_len[b] < count ? p->prompt_len[b] : count;
    size_t shared = past ? past : own < count ? own : 0;
    p->segment[2 * b] = batch_segment(c, p, s, first, own, 0, 2 * b, shared && !past ? 2 * b + 1 : 0);
    p->segment[2 * b + 1] = batch_segment(c, p, s, first + own, count - own, shared, 2 * leader, next);
}

static struct bco_segment cache_segment(const struct bco_config *c, const struct bco_pass *p, const struct bco_stash *s,
                                        size_t b, size_t l) {
    size_t first = p->starts[b], count = p->starts[b + 1] - first, width = c->kv_heads * c->head_dim;
    const struct bco_held *held = &p->cache[p->slot[b]];
    float *k = held->k + l * held->capacity * width, *v = held->v + l * held->capacity * width;
    copy_to_cache(c, p, s, b, k, v);
    return (struct bco_segment){.first = first, .queries = count, .keys = p->past[b] + count, .k = k, .v = v};
}

/* How many there are. */
static size_t set_segments(const struct bco_model *model, struct bco_pass *p, const struct bco_stash *s, size_t l) {
    for (size_t b = 0; b < p->B; b++)
        if (p->cache)
            p->segment[b] = cache_segment(&model->config, p, s, b, l);
        else
            set_sequence(&model->config, p, s, b);
    return p->cache ? p->B : 2 * p->B;
}

static void attend(const struct bco_model *model, struct bco_pass *p, size_t l) {
    const struct bco_config *c = &model->config;
    const struct bco_ops *ops = model->ops;
    const struct bco_layer *layer = &model->layers[l];
    struct bco_stash *s = &p->stash[l];
    const float *normed = normalise(model, &layer->norm1, p->T, s->x, p->normed, s->norm1);
    bco_project(model, p->T, &layer->projection[BCO_QKV], normed, &p->low, s->u[BCO_QKV], s->qkv);
    normalise_qk(model, p, layer, s);
    if (c->turned[l]) {
        struct bco_rope rope = rope_of(model, l);
        ops->rope(&model->team, &rope, p->T, c->heads + c->kv_heads, c->head_dim, p->positions, s->qkv, qkv_width(c));
    }
    size_t segments = set_segments(model, p, s, l);
    struct bco_attention shape = attention_shape(model, p, l);
    ops->attention(&model->team, &shape, segments, p->segment, s->qkv, s->attention, p->train ? s->logsum : NULL);
}

/* out = x + scale * norm(y) */
static void join(const struct bco_model *model, const struct bco_pass *p, const struct bco_norm *after, const float *y,
                 float *statistics, const float *x, float *out) {
    const float *delta = normalise(model, after, p->T, y, p->delta, statistics);
    if (x != out) memcpy(out, x, p->T * model->config.channels * sizeof *out);
    model->ops->add(&model->team, p->T * model->config.channels, (float)model->config.residual_scale, delta, out);
}

/* The feed-forward part between its norms. Where no backward follows and no adapter lies on it, in one go. */
static void feed_forward(const struct bco_model *model, const struct bco_pass *p, const struct bco_layer *layer,
                         const struct bco_stash *s, const float *x, float *y) {
    const struct bco_config *c = &model->config;
    const struct bco_projection *up = &layer->projection[BCO_UP], *down = &layer->projection[BCO_DOWN];
    bool plain = !p->train && !up->lora[0].rank && !up->lora[1].rank && !down->lora[0].rank;
    if (plain && model->ops->feed_forward(&model->team, &up->linear, &down->linear, c->activation, p->T, x, y)) return;
    bco_project(model, p->T, up, x, &p->low, s->u[BCO_UP], s->gate_up);
    model->ops->activation(&model->team, c->activation, p->T, c->hidden, s->gate_up, p->act);
    bco_project(model, p->T, down, p->act, &p->low, s->u[BCO_DOWN], y);
}

static void forward_layer(const struct bco_model *model, struct bco_pass *p, size_t l, float *out) {
    const struct bco_layer *layer = &model->layers[l];
    struct bco_stash *s = &p->stash[l];
    attend(model, p, l);
    float *y = layer->after1.kind ? s->raw_after1 : p->delta;
    bco_project(model, p->T, &layer->projection[BCO_O], s->attention, &p->low, s->u[BCO_O], y);
    join(model, p, &layer->after1, y, s->after1, s->x, s->middle);
    const float *normed = normalise(model, &layer->norm2, p->T, s->middle, p->normed, s->norm2);
    y = layer->after2.kind ? s->raw_after2 : p->delta;
    feed_forward(model, p, layer, s, normed, y);
    join(model, p, &layer->after2, y, s->after2, s->middle, out);
}

static float *input_of(const struct bco_model *model, const struct bco_pass *p, size_t l) {
    return l < model->config.layers ? p->stash[l].x : p->x;
}

static void embed(const struct bco_model *model, const struct bco_pass *p, const struct bco_table *table,
                  const int32_t *ids, float scale, float *x, bool add) {
    size_t C = model->config.channels;
    if (table->weight)
        model->ops->embedding(&model->team, p->T, C, ids, table->weight, scale, x, add);
    else
        model->ops->embedding_half(&model->team, p->T, C, ids, table->half, scale, x, add);
}

void bco_trunk_forward(struct bco_model *model, struct bco_pass *p) {
    const struct bco_config *c = &model->config;
    float *x = input_of(model, p, 0);
    embed(model, p, &model->tokens, p->ids, (float)c->embedding_scale, x, false);
    if (c->family->learned_positions) embed(model, p, &model->positions, p->positions, 1, x, true);
    for (size_t l = 0; l < c->layers; l++) forward_layer(model, p, l, input_of(model, p, l + 1));
}

/* ---- backward -------------------------------------------------------------- */

/* The gradient of a part before its norm and scale: of dx, which stays. */
static const float *part_gradient(const struct bco_model *model, const struct bco_pass *p, const struct bco_norm *after,
                                  const float *raw, const float *statistics) {
    size_t C = model->config.channels;
    float scale = (float)model->config.residual_scale;
    const float *d = p->dx;
    if (scale != 1.0f) {
        memset(p->delta, 0, p->T * C * sizeof(float));
        model->ops->add(&model->team, p->T * C, scale, p->dx, p->delta);
        d = p->delta;
    }
    if (!after->kind) return d;
    model->ops->norm_backward(&model->team, after, p->T, raw, C, statistics, d, C, p->delta, C, false);
    return p->delta;
}

/* dx += the gradient through the norm at a part's entrance */
static void entrance_gradient(const struct bco_model *model, const struct bco_pass *p, const struct bco_norm *norm,
                              const float *x, const float *statistics) {
    size_t C = model->config.channels;
    if (norm->kind)
        model->ops->norm_backward(&model->team, norm, p->T, x, C, statistics, p->dnormed, C, p->dx, C, true);
    else
        model->ops->add(&model->team, p->T * C, 1, p->dnormed, p->dx);
}

static void feed_forward_backward(const struct bco_model *model, struct bco_pass *p, size_t l) {
    const struct bco_config *c = &model->config;
    const struct bco_ops *ops = model->ops;
    const struct bco_layer *layer = &model->layers[l];
    struct bco_stash *s = &p->stash[l];
    const float *d = part_gradient(model, p, &layer->after2, s->raw_after2, s->after2);
    ops->activation(&model->team, c->activation, p->T, c->hidden, s->gate_up, p->act);
    bco_project_backward(model, p->T, &layer->projection[BCO_DOWN], p->act, d, &p->low, s->u[BCO_DOWN], p->dact);
    ops->activation_backward(&model->team, c->activation, p->T, c->hidden, s->gate_up, p->dact);
    const float *normed = normalise(model, &layer->norm2, p->T, s->middle, p->normed, s->norm2);
    bco_project_backward(model, p->T, &layer->projection[BCO_UP], normed, s->gate_up, &p->low, s->u[BCO_UP],
                         p->dnormed);
    entrance_gradient(model, p, &layer->norm2, s->middle, s->norm2);
}

static void qk_backward(const struct bco_model *model, const struct bco_pass *p, const struct bco_layer *layer,
                        const struct bco_stash *s) {
    const struct bco_config *c = &model->config;
    size_t q = c->heads * c->head_dim, width = q + c->kv_heads * c->head_dim, ld = qkv_width(c);
    if (!layer->q_norm.kind) return;
    model->ops->norm_backward(&model->team, &layer->q_norm, p->T, s->raw_qk, width, s->qk_norm, p->dqkv, ld, p->dqkv,
                              ld, false);
    model->ops->norm_backward(&model->team, &layer->k_norm, p->T, s->raw_qk + q, width,
                              s->qk_norm + 2 * p->T * layer->q_norm.groups, p->dqkv + q, ld, p->dqkv + q, ld, false);
}

static void attend_backward(const struct bco_model *model, struct bco_pass *p, size_t l) {
    const struct bco_config *c = &model->config;
    const struct bco_ops *ops = model->ops;
    const struct bco_layer *layer = &model->layers[l];
    struct bco_stash *s = &p->stash[l];
    struct bco_attention shape = attention_shape(model, p, l);
    const float *d = part_gradient(model, p, &layer->after1, s->raw_after1, s->after1);
    bco_project_backward(model, p->T, &layer->projection[BCO_O], s->attention, d, &p->low, s->u[BCO_O], p->dattention);
    size_t segments = set_segments(model, p, s, l);
    ops->attention_backward(&model->team, &shape, segments, p->segment, s->qkv, s->attention, s->logsum, p->dattention,
                            p->dqkv);
    if (c->turned[l]) {
        struct bco_rope rope = rope_of(model, l);
        ops->rope_backward(&model->team, &rope, p->T, c->heads + c->kv_heads, c->head_dim, p->positions, p->dqkv,
                           qkv_width(c));
    }
    qk_backward(model, p, layer, s);
    const float *normed = normalise(model, &layer->norm1, p->T, s->x, p->normed, s->norm1);
    bool below = l > 0 || model->tokens.dweight || model->positions.dweight; /* is anything trained there? */
    bco_project_backward(model, p->T, &layer->projection[BCO_QKV], normed, p->dqkv, &p->low, s->u[BCO_QKV],
                         below ? p->dnormed : NULL);
    if (below) entrance_gradient(model, p, &layer->norm1, s->x, s->norm1);
}

void bco_trunk_backward(struct bco_model *model, struct bco_pass *p) {
    const struct bco_config *c = &model->config;
    for (size_t l = c->layers; l-- > 0;) {
        if (p->recompute) forward_layer(model, p, l, p->x);
        feed_forward_backward(model, p, l);
        attend_backward(model, p, l);
    }
    if (model->tokens.dweight)
        model->ops->embedding_backward(&model->team, p->T, c->channels, p->ids, p->dx, (float)c->embedding_scale,
                                       model->tokens.dweight);
    if (model->positions.dweight)
        model->ops->embedding_backward(&model->team, p->T, c->channels, p->positions, p->dx, 1,
                                       model->positions.dweight);
}

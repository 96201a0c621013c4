#include "align/optimizer.h"

#include "align/adamw.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/model.h"

#include <math.h>

struct bco_optimizer {
    struct bco_model *model;
    struct bco_optimizer_options options;
    uint64_t steps;
    size_t count;
    struct bco_moments *moments; /* [count] */
    float *memory;               /* of them all */
};

static enum bco_code open_moments(struct bco_optimizer *o, struct bco_error *err) {
    size_t total = 0, both;
    for (size_t i = 0; i < o->count; i++)
        if (!bco_size_mul(bco_model_parameter(o->model, i).count, 2, &both) || !bco_size_add(total, both, &total))
            return bco_fail_memory(err);
    o->memory = bco_malloc_huge(total, sizeof(float));
    if (!o->memory) return bco_fail_memory(err);
    bco_team_clear(&o->model->team, total, o->memory);
    float *at = o->memory;
    for (size_t i = 0; i < o->count; i++) {
        size_t elements = bco_model_parameter(o->model, i).count;
        o->moments[i] = (struct bco_moments){at, at + elements};
        at += 2 * elements;
    }
    return BCO_OK;
}

enum bco_code bco_optimizer_open(struct bco_optimizer **optimizer, struct bco_model *model,
                                 const struct bco_optimizer_options *options, struct bco_error *err) {
    struct bco_optimizer *o = *optimizer = bco_calloc(1, sizeof *o);
    if (!o) return bco_fail_memory(err);
    o->model = model;
    o->options = *options;
    o->count = bco_model_parameter_count(model);
    o->moments = bco_calloc(o->count, sizeof *o->moments);
    enum bco_code code = o->moments ? open_moments(o, err) : bco_fail_memory(err);
    if (code == BCO_OK) return BCO_OK;
    bco_optimizer_close(o);
    *optimizer = NULL;
    return code;
}

void bco_optimizer_close(struct bco_optimizer *o) {
    if (!o) return;
    free(o->memory);
    free(o->moments);
    free(o);
}

struct bco_moments bco_optimizer_moments(struct bco_optimizer *o, size_t parameter) {
    return o->moments[parameter];
}

uint64_t bco_optimizer_steps(const struct bco_optimizer *o) {
    return o->steps;
}

void bco_optimizer_set_steps(struct bco_optimizer *o, uint64_t steps) {
    o->steps = steps;
}

static struct bco_adamw_step numbers_of_step(const struct bco_optimizer *o, double rate, double norm) {
    const struct bco_optimizer_options *s = &o->options;
    double t = (double)o->steps;
    return (struct bco_adamw_step){
        .gradient_scale = s->clip > 0 ? (float)fmin(1, s->clip / (norm + 1e-6)) : 1,
        .keep = 1,
        .beta1 = (float)s->beta1,
        .rest1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .rest2 = (float)(1 - s->beta2),
        .rate = (float)(rate / (1 - pow(s->beta1, t))),
        .second_root = (float)sqrt(1 - pow(s->beta2, t)),
        .epsilon = (float)s->epsilon,
    };
}

/* Elements do not meet, so any cut among threads gives the same bits. */
static void update(const struct bco_optimizer *o, const struct bco_adamw_step *step, size_t parameter) {
    enum { PIECE = 1 << 16 };
    struct bco_parameter p = bco_model_parameter(o->model, parameter);
    const struct bco_moments *m = &o->moments[parameter];
    size_t pieces = p.count / PIECE + (p.count % PIECE != 0);
#pragma omp parallel for schedule(static) num_threads(o->model->team.threads) if (pieces > 1)
    for (size_t i = 0; i < pieces; i++) {
        size_t from = i * PIECE, count = p.count - from < PIECE ? p.count - from : PIECE;
        bco_adamw_update(step, count, p.weight + from, p.gradient + from, m->first + from, m->second + from);
    }
}

void bco_optimizer_step(struct bco_optimizer *o, double rate, double norm) {
    o->steps++;
    struct bco_adamw_step plain = numbers_of_step(o, rate, norm), decayed = plain;
    decayed.keep = (float)(1 - rate * o->options.weight_decay);
    for (size_t i = 0; i < o->count; i++) {
        bool matrix = bco_model_parameter(o->model, i).dims == 2;
        update(o, matrix ? &decayed : &plain, i);
    }
}

#include "align/patience.h"

#include "base/fail.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum bco_code bco_patience_open(struct bco_patience *p, struct bco_model *model, struct bco_error *err) {
    p->count = bco_model_parameter_count(model);
    p->weights = bco_calloc(p->count, sizeof *p->weights);
    for (size_t i = 0; p->weights && i < p->count; i++) {
        p->weights[i] = bco_calloc(bco_model_parameter(model, i).count, sizeof **p->weights);
        if (!p->weights[i]) return bco_fail_memory(err);
    }
    return p->weights ? BCO_OK : bco_fail_memory(err);
}

void bco_patience_close(struct bco_patience *p) {
    for (size_t i = 0; p->weights && i < p->count; i++) free(p->weights[i]);
    free(p->weights);
    p->weights = NULL;
}

static bool is_better(const struct bco_patience *p, const struct bco_train_metrics *m) {
    if (p->best.step == 0) return true;
    return p->by_accuracy ? m->accuracy > p->best.accuracy : m->loss < p->best.loss;
}

void bco_patience_take(struct bco_patience *p, struct bco_model *model, const struct bco_train_metrics *m) {
    if (!p->weights) return;
    p->waited++;
    if (!is_better(p, m)) return;
    p->best = *m;
    p->waited = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct bco_parameter parameter = bco_model_parameter(model, i);
        memcpy(p->weights[i], parameter.weight, parameter.count * sizeof *parameter.weight);
    }
}

void bco_patience_restore(const struct bco_patience *p, struct bco_model *model) {
    for (size_t i = 0; p->weights && p->best.step > 0 && i < p->count; i++) {
        struct bco_parameter parameter = bco_model_parameter(model, i);
        memcpy(parameter.weight, p->weights[i], parameter.count * sizeof *parameter.weight);
    }
}

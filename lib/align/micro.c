#include "align/trainer.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>

void bco_micro_free(struct bco_micro *m) {
    bco_pack_free(&m->pack);
    free(m->entries);
    free(m->ref_logp);
    free(m->weight);
    free(m->loss_weight);
    free(m->logp);
    free(m->loss);
    free(m->up);
}

static bool grow(struct bco_micro *m, size_t need) {
    size_t capacity[7];
    for (int i = 0; i < 7; i++) capacity[i] = m->capacity;
    if (!bco_grow((void **)&m->entries, &capacity[0], need, sizeof *m->entries) ||
        !bco_grow((void **)&m->ref_logp, &capacity[1], need, sizeof *m->ref_logp) ||
        !bco_grow((void **)&m->weight, &capacity[2], need, sizeof *m->weight) ||
        !bco_grow((void **)&m->loss_weight, &capacity[3], need, sizeof *m->loss_weight) ||
        !bco_grow((void **)&m->logp, &capacity[4], need, sizeof *m->logp) ||
        !bco_grow((void **)&m->loss, &capacity[5], need, sizeof *m->loss) ||
        !bco_grow((void **)&m->up, &capacity[6], need, sizeof *m->up))
        return false;
    m->capacity = capacity[0];
    return true;
}

static enum bco_code add(struct bco_trainer *t, const struct bco_dataset *data, size_t entry, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    const struct bco_entry *e = bco_dataset_entry(data, entry);
    size_t b = m->pack.count;
    int32_t *ids = grow(m, b + 1) ? bco_pack_add(&m->pack, e->length, e->prompt_len) : NULL;
    if (!ids) return bco_fail_memory(err);
    m->entries[b] = entry;
    m->ref_logp[b] = e->ref_logp;
    m->weight[b] = e->weight;
    m->loss_weight[b] = e->weight * (e->up ? t->options->up_weight : t->options->down_weight);
    m->up[b] = e->up;
    return bco_dataset_ids(data, entry, ids, err);
}

enum bco_code bco_micro_fill(struct bco_trainer *t, const struct bco_dataset *data, const size_t *entries, size_t count,
                             struct bco_error *err) {
    struct bco_pack *pack = &t->micro.pack;
    enum bco_code code = BCO_OK;
    bco_pack_clear(pack);
    for (size_t i = 0; i < count && code == BCO_OK; i++) {
        if (i > 0 && pack->tokens + bco_dataset_entry(data, entries[i])->length > t->micro_tokens) break;
        code = add(t, data, entries[i], err);
    }
    return code;
}

enum bco_code bco_micro_fail(const struct bco_trainer *t, const struct bco_dataset *data, const char *what,
                             struct bco_error *err) {
    enum { MOST_NAMES = 8 };
    const struct bco_micro *m = &t->micro;
    struct bco_buf names = {0};
    for (size_t b = 0; b < m->pack.count && b < MOST_NAMES; b++) {
        if (b > 0) bco_buf_str(&names, ", ");
        bco_dataset_name(data, m->entries[b], &names);
    }
    if (m->pack.count > MOST_NAMES) bco_buf_printf(&names, " and %zu more", m->pack.count - MOST_NAMES);
    enum bco_code code = bco_fail(err, BCO_EDATA, "step %llu: the %s is no number in the micro-batch of %s",
                                  (unsigned long long)t->step + 1, what, names.failed ? "its records" : names.data);
    bco_buf_free(&names);
    return code;
}

enum bco_code bco_micro_tally(struct bco_trainer *t, const struct bco_dataset *data, double delta,
                              struct bco_tally *tally, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    struct bco_micro *m = &t->micro;
    struct bco_loss_samples samples = {m->pack.count, m->logp, m->ref_logp, m->up, m->loss_weight};
    bco_loss_binary(o->loss, o->beta, delta, &samples, m->loss, NULL);
    for (size_t b = 0; b < m->pack.count; b++) {
        const struct bco_entry *e = bco_dataset_entry(data, m->entries[b]);
        struct bco_seen seen = {m->logp[b], m->ref_logp[b], m->weight[b], m->loss[b], e->length - e->prompt_len, e->up};
        if (!isfinite(m->logp[b])) return bco_micro_fail(t, data, "log-prob", err);
        if (!isfinite(m->loss[b])) return bco_micro_fail(t, data, "loss", err);
        bco_tally_add(tally, &seen, o->beta, delta);
    }
    return BCO_OK;
}

double bco_loss_denominator(const struct bco_trainer *t, const struct bco_dataset *data, const size_t *entries,
                            size_t count) {
    double tokens = 0;
    if (t->options->loss != BCO_LOSS_SFT) return (double)count;
    for (size_t i = 0; i < count; i++) {
        const struct bco_entry *e = bco_dataset_entry(data, entries[i]);
        tokens += e->length - e->prompt_len;
    }
    return tokens;
}

#include "align/trainer.h"
#include "base/fail.h"
#include "base/hash.h"
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
    free(m->slope);
    free(m->up);
}

static bool grow(struct bco_micro *m, size_t need) {
    size_t capacity[8];
    for (int i = 0; i < 8; i++) capacity[i] = m->capacity;
    if (!bco_grow((void **)&m->entries, &capacity[0], need, sizeof *m->entries) ||
        !bco_grow((void **)&m->ref_logp, &capacity[1], need, sizeof *m->ref_logp) ||
        !bco_grow((void **)&m->weight, &capacity[2], need, sizeof *m->weight) ||
        !bco_grow((void **)&m->loss_weight, &capacity[3], need, sizeof *m->loss_weight) ||
        !bco_grow((void **)&m->logp, &capacity[4], need, sizeof *m->logp) ||
        !bco_grow((void **)&m->loss, &capacity[5], need, sizeof *m->loss) ||
        !bco_grow((void **)&m->slope, &capacity[6], need, sizeof *m->slope) ||
        !bco_grow((void **)&m->up, &capacity[7], need, sizeof *m->up))
        return false;
    m->capacity = capacity[0];
    return true;
}

static enum bco_code add(struct bco_trainer *t, const struct bco_dataset *data, size_t entry, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    const struct bco_entry e = bco_dataset_entry(data, entry);
    size_t b = m->pack.count;
    int32_t *ids = grow(m, b + 1) ? bco_pack_add(&m->pack, e.length, e.prompt_len) : NULL;
    if (!ids) return bco_fail_memory(err);
    m->entries[b] = entry;
    m->ref_logp[b] = e.ref_logp;
    m->weight[b] = e.weight;
    m->loss_weight[b] = e.weight * (e.up ? t->options->up_weight : t->options->down_weight);
    m->up[b] = e.up;
    enum bco_code code = bco_dataset_ids(data, entry, ids, err);
    if (code == BCO_OK) bco_pack_share(&m->pack);
    return code;
}

static enum bco_code add_mismatched(struct bco_trainer *t, const struct bco_dataset *data, size_t entry,
                                    const struct bco_mismatch *mismatch, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    size_t b = m->pack.count;
    int32_t *ids = grow(m, b + 1) ? bco_pack_add(&m->pack, mismatch->length, mismatch->prompt_len) : NULL;
    if (!ids) return bco_fail_memory(err);
    m->entries[b] = entry;
    m->ref_logp[b] = mismatch->ref_logp;
    m->weight[b] = bco_dataset_entry(data, entry).weight;
    enum bco_code code = bco_dataset_mismatch_ids(data, entry, mismatch, ids, err);
    if (code == BCO_OK) bco_pack_share(&m->pack);
    return code;
}

static size_t unit_of(const struct bco_trainer *t) {
    return bco_loss_is_paired(t->options->loss) ? 2 : 1;
}

/* Is there too much in the pack, of now `records` records, since it had `count` sequences, and not only now? Then that
 * is taken out again; where there are too many tokens, with all before it that have its prompt, which would be computed
 * twice. */
static bool overflows(struct bco_trainer *t, size_t count, size_t rows, size_t records) {
    struct bco_pack *pack = &t->micro.pack;
    size_t most = t->options->micro_records;
    if (count == 0) return false;
    if (pack->rows > t->micro_tokens) {
        bool whole = pack->run > 0 && pack->run < count && pack->run % unit_of(t) == 0;
        bco_pack_cut(pack, whole ? pack->run : count, whole ? pack->run_rows : rows);
        return true;
    }
    if (most > 0 && records > most) bco_pack_cut(pack, count, rows);
    return most > 0 && records > most;
}

/* Behind the first of them, the second half of a pair is none of its own. */
static bool begins_record(const struct bco_dataset *data, const size_t *entries, size_t i) {
    return i == 0 || !bco_dataset_entry(data, entries[i]).second;
}

enum bco_code bco_micro_fill_mismatched(struct bco_trainer *t, const struct bco_dataset *data, const size_t *entries,
                                        size_t count, struct bco_error *err) {
    struct bco_pack *pack = &t->micro.pack;
    enum bco_code code = BCO_OK;
    size_t records = 0;
    bco_pack_clear(pack);
    for (size_t i = 0; i < count && code == BCO_OK; i++) {
        struct bco_mismatch mismatch;
        size_t rows = pack->rows;
        records += begins_record(data, entries, i);
        code = bco_dataset_mismatch(data, entries[i], &mismatch, err);
        if (code == BCO_OK) code = add_mismatched(t, data, entries[i], &mismatch, err);
        if (code == BCO_OK && overflows(t, i, rows, records)) break;
    }
    return code;
}

enum bco_code bco_micro_fill(struct bco_trainer *t, const struct bco_dataset *data, const size_t *entries, size_t count,
                             struct bco_error *err) {
    struct bco_pack *pack = &t->micro.pack;
    size_t unit = unit_of(t), records = 0;
    enum bco_code code = BCO_OK;
    bco_pack_clear(pack);
    for (size_t i = 0; i < count && code == BCO_OK; i += unit) {
        size_t rows = pack->rows;
        records += begins_record(data, entries, i);
        for (size_t k = i; k < i + unit && k < count && code == BCO_OK; k++) code = add(t, data, entries[k], err);
        if (code == BCO_OK && overflows(t, i, rows, records)) break;
    }
    return code;
}

/* ---- entries with the same prompt ------------------------------------------------------ */

/* An entry, or a pair's first one. */
struct unit {
    struct bco_hash prompt;
    size_t place, first; /* its own, and the first one's with its prompt */
    size_t entry;
};

static int by_prompt(const void *a, const void *b) {
    const struct unit *x = a, *y = b;
    if (x->prompt.high != y->prompt.high) return x->prompt.high < y->prompt.high ? -1 : 1;
    if (x->prompt.low != y->prompt.low) return x->prompt.low < y->prompt.low ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int by_first(const void *a, const void *b) {
    const struct unit *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static enum bco_code hash_prompt(struct bco_trainer *t, const struct bco_dataset *data, size_t entry,
                                 struct bco_hash *prompt, struct bco_error *err) {
    const struct bco_entry e = bco_dataset_entry(data, entry);
    bco_pack_clear(&t->micro.pack);
    int32_t *ids = bco_pack_add(&t->micro.pack, e.length, e.prompt_len);
    if (!ids) return bco_fail_memory(err);
    enum bco_code code = bco_dataset_ids(data, entry, ids, err);
    if (code == BCO_OK) *prompt = bco_hash_bytes(ids, e.prompt_len * sizeof *ids, 0);
    return code;
}

enum bco_code bco_trainer_find_prompts(struct bco_trainer *t, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    t->prompts = bco_malloc((size_t)t->records, sizeof *t->prompts);
    if (!t->prompts) return bco_fail_memory(err);
    for (size_t r = 0; r < t->records && code == BCO_OK; r++) {
        struct bco_hash prompt = {0};
        code = bco_trainer_stopped(t) ? bco_fail(err, BCO_EINTERRUPTED, "interrupted before the first step")
                                      : hash_prompt(t, t->train, 2 * r, &prompt, err);
        if (code == BCO_OK) t->prompts[r] = prompt.low;
    }
    return code;
}

enum bco_code bco_micro_group(struct bco_trainer *t, const struct bco_dataset *data, size_t *entries, size_t count,
                              struct bco_error *err) {
    size_t unit = unit_of(t), units = count / unit;
    struct unit *list = bco_malloc(units, sizeof *list);
    enum bco_code code = list ? BCO_OK : bco_fail_memory(err);
    for (size_t i = 0; i < units && code == BCO_OK; i++) {
        list[i] = (struct unit){.place = i, .first = i, .entry = entries[i * unit]};
        code = hash_prompt(t, data, list[i].entry, &list[i].prompt, err);
    }
    if (code == BCO_OK) {
        qsort(list, units, sizeof *list, by_prompt);
        for (size_t i = 1; i < units; i++)
            if (bco_hash_equal(list[i].prompt, list[i - 1].prompt)) list[i].first = list[i - 1].first;
        qsort(list, units, sizeof *list, by_first);
        for (size_t i = 0; i < units * unit; i++) entries[i] = list[i / unit].entry + i % unit;
    }
    free(list);
    return code;
}

/* ---- what came out ------------------------------------------------------------------------ */

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

enum bco_code bco_micro_forward(struct bco_trainer *t, struct bco_error *err) {
    struct bco_batch batch = bco_pack_batch(&t->micro.pack);
    if (t->scores) return bco_model_score(t->model, &batch, t->micro.logp, err);
    return bco_model_logp(t->model, &batch, t->micro.logp, NULL, err);
}

void bco_micro_pair(struct bco_trainer *t, size_t b) {
    struct bco_micro *m = &t->micro;
    struct bco_loss_pairs pair = {
        1, &m->logp[b], &m->logp[b + 1], &m->ref_logp[b], &m->ref_logp[b + 1], &m->loss_weight[b]};
    bco_loss_paired(t->options->loss, t->options->beta, &pair, &m->loss[b], &m->slope[b], &m->slope[b + 1]);
    m->loss[b + 1] = 0;
}

static void losses(struct bco_trainer *t, double delta) {
    struct bco_micro *m = &t->micro;
    struct bco_loss_samples samples = {m->pack.count, m->logp, m->ref_logp, m->up, m->loss_weight};
    for (size_t b = 0; b + 1 < m->pack.count && bco_loss_is_paired(t->options->loss); b += 2) bco_micro_pair(t, b);
    if (!bco_loss_is_paired(t->options->loss))
        bco_loss_binary(t->options->loss, t->beta, bco_trainer_shift(t, delta), &samples, m->loss, NULL);
}

static void tally_pairs(const struct bco_micro *m, struct bco_tally *tally) {
    for (size_t b = 0; b + 1 < m->pack.count; b += 2)
        bco_tally_pair(tally, m->weight[b], m->logp[b] - m->ref_logp[b] > m->logp[b + 1] - m->ref_logp[b + 1]);
}

enum bco_code bco_micro_tally(struct bco_trainer *t, const struct bco_dataset *data, double delta,
                              struct bco_tally *tally, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    struct bco_micro *m = &t->micro;
    losses(t, delta);
    for (size_t b = 0; b < m->pack.count; b++) {
        const struct bco_entry e = bco_dataset_entry(data, m->entries[b]);
        struct bco_seen seen = {m->logp[b], m->ref_logp[b], m->weight[b], m->loss[b], e.length - e.prompt_len, e.up};
        if (!isfinite(m->logp[b])) return bco_micro_fail(t, data, t->scores ? "score" : "log-prob", err);
        if (!isfinite(m->loss[b])) return bco_micro_fail(t, data, "loss", err);
        bco_tally_add(tally, &seen, t->beta, delta);
    }
    if (bco_loss_is_paired(o->loss)) tally_pairs(m, tally);
    return BCO_OK;
}

struct bco_denominators bco_loss_denominators(const struct bco_trainer *t, const struct bco_dataset *data,
                                              const size_t *entries, size_t count) {
    enum bco_loss loss = t->options->loss;
    struct bco_denominators d = {.loss = bco_loss_is_paired(loss) ? (double)count / 2 : (double)count};
    for (size_t i = 0; i < count; i++) {
        const struct bco_entry e = bco_dataset_entry(data, entries[i]);
        if (e.up) d.up_tokens += e.length - e.prompt_len;
    }
    if (loss == BCO_LOSS_SFT) d.loss = d.up_tokens;
    return d;
}

void bco_trainer_sum_up(const struct bco_trainer *t, const struct bco_tally *tally,
                        struct bco_denominators denominators, double delta, struct bco_train_metrics *metrics) {
    const struct bco_train_options *o = t->options;
    bco_tally_metrics(tally, denominators.loss, delta, metrics);
    metrics->z = o->loss == BCO_LOSS_KTO ? bco_trainer_shift(t, delta) : NAN;
    if (o->loss != BCO_LOSS_BCO && o->loss != BCO_LOSS_BCE) metrics->delta = NAN;
    metrics->sft_loss = NAN;
    metrics->scores = t->scores;
    if (t->scores) metrics->kl = metrics->up_logratio_per_token = metrics->logps_up = metrics->logps_down = NAN;
    if (!(o->sft_weight > 0) || denominators.up_tokens == 0) return;
    metrics->sft_loss = -tally->up.logp / denominators.up_tokens;
    metrics->loss += o->sft_weight * metrics->sft_loss;
}

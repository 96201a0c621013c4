/* KTO's z: how far the policy has gone from the reference, seen on completions that answer other prompts. */
#include "align/trainer.h"

#include <math.h>

double bco_trainer_shift(const struct bco_trainer *t, double delta) {
    return t->options->loss == BCO_LOSS_KTO ? delta / t->options->beta : delta;
}

enum bco_code bco_trainer_kl(struct bco_trainer *t, const struct bco_dataset *data, const size_t *entries, size_t count,
                             struct bco_kl *kl, struct bco_error *err) {
    struct bco_micro *m = &t->micro;
    for (size_t done = 0; done < count; done += m->pack.count) {
        if (bco_trainer_stopped(t)) return BCO_EINTERRUPTED;
        enum bco_code code = bco_micro_fill_mismatched(t, data, entries + done, count - done, err);
        struct bco_batch batch = bco_pack_batch(&m->pack);
        if (code == BCO_OK) code = bco_model_logp(t->model, &batch, m->logp, NULL, err);
        for (size_t b = 0; b < m->pack.count && code == BCO_OK; b++) {
            if (!isfinite(m->logp[b])) code = bco_micro_fail(t, data, "log-prob of a mismatched completion", err);
            kl->sum += m->weight[b] * (m->logp[b] - m->ref_logp[b]);
            kl->weight += m->weight[b];
        }
        if (code != BCO_OK) return code;
    }
    return BCO_OK;
}

/* max(0, the weighted mean of logp - ref_logp), as in TRL; a constant for the gradient. */
double bco_trainer_kl_delta(const struct bco_trainer *t, const struct bco_kl *kl) {
    return kl->weight > 0 ? t->options->beta * fmax(0, kl->sum / kl->weight) : 0;
}

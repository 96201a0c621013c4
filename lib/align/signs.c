#include "align/signs.h"

#include <math.h>
#include <stdio.h>

/* PROTOTYPE's findings set the numbers: under -0.1 nat a token runs were near
 * collapse, whatever the margin said. */
enum { STILL_STEPS = 30, RUNAWAY_STEPS = 10 };
static const double still_nats = 0.01, runaway_per_token = -0.1, flat_loss = 0.005, flat_accuracy = 0.005;

static double size_of(double x) {
    return isnan(x) ? 0 : fabs(x);
}

static const char *watch_kl(struct bco_signs *s, const struct bco_train_metrics *m, double beta, char *text,
                            size_t size) {
    if (m->scores) return NULL;
    double moved = fmax(size_of(m->kl), fmax(size_of(m->rewards_up), size_of(m->rewards_down)) / beta);
    s->still = moved < still_nats ? s->still + 1 : 0;
    if (s->said_still || s->still < STILL_STEPS) return NULL;
    s->said_still = true;
    snprintf(
        text, size,
        "step %llu: the KL does not move: no mean log-ratio has passed %g nats for %d steps; try a higher --lr, or "
        "more steps",
        (unsigned long long)m->step, still_nats, STILL_STEPS);
    return text;
}

static const char *watch_runaway(struct bco_signs *s, const struct bco_train_metrics *m, char *text, size_t size) {
    if (isnan(m->up_logratio_per_token) || isnan(m->delta)) return NULL;
    double share = s->steps < RUNAWAY_STEPS ? 1.0 / (double)(s->steps + 1) : 1.0 / RUNAWAY_STEPS;
    s->per_token += share * (m->up_logratio_per_token - s->per_token);
    s->steps++;
    if (s->said_runaway || s->steps < RUNAWAY_STEPS || s->per_token >= runaway_per_token) return NULL;
    s->said_runaway = true;
    snprintf(text, size,
             "step %llu: delta (%.3g) runs away: the ups themselves have lost %.2f nats a token, and the policy may "
             "collapse; try --shift-decay nearer to 1, fewer epochs or a lower --lr (a larger --beta does not help)",
             (unsigned long long)m->step, m->delta, -s->per_token);
    return text;
}

static double spread(const double *x) {
    double low = x[0], high = x[0];
    for (int i = 1; i < BCO_SIGNS_EVALUATIONS; i++) low = fmin(low, x[i]), high = fmax(high, x[i]);
    return high - low;
}

static const char *watch_flat(struct bco_signs *s, const struct bco_train_metrics *m, char *text, size_t size) {
    if (s->loss_steps == 0) return NULL;
    size_t i = s->evaluations++ % BCO_SIGNS_EVALUATIONS;
    s->losses[i] = s->loss_sum / (double)s->loss_steps;
    s->accuracies[i] = m->accuracy;
    s->loss_sum = 0;
    s->loss_steps = 0;
    if (s->said_flat || s->evaluations < BCO_SIGNS_EVALUATIONS) return NULL;
    if (!(spread(s->losses) < flat_loss * fabs(s->losses[i])) || !(spread(s->accuracies) < flat_accuracy)) return NULL;
    s->said_flat = true;
    snprintf(
        text, size,
        "step %llu: loss (%.4g) and validation accuracy (%.3g) have been flat for %d evaluations: nothing is being "
        "learned; try a higher --lr, more epochs, or look at the labels",
        (unsigned long long)m->step, s->losses[i], m->accuracy, BCO_SIGNS_EVALUATIONS);
    return text;
}

const char *bco_signs_watch(struct bco_signs *s, const struct bco_train_metrics *m,
                            const struct bco_train_options *options, bool warming_up, char *text, size_t size) {
    if (options->loss == BCO_LOSS_SFT) return NULL;
    if (m->evaluation) return watch_flat(s, m, text, size);
    s->loss_sum += m->loss;
    s->loss_steps++;
    const char *warning = watch_runaway(s, m, text, size);
    if (warning || warming_up) return warning;
    return watch_kl(s, m, options->beta, text, size);
}

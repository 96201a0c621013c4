#include "align/tally.h"

#include "align/sort.h"

#include <math.h>

void bco_tally_add(struct bco_tally *t, const struct bco_seen *s, double beta, double delta) {
    struct bco_class_sums *c = s->up ? &t->up : &t->down;
    t->loss += s->loss;
    if (s->weight == 0) return;
    double logratio = s->logp - s->ref_logp, reward = beta * logratio;
    c->count++;
    c->weight += s->weight;
    c->reward += s->weight * reward;
    c->logp += s->weight * s->logp;
    c->logratio += s->weight * logratio;
    c->tokens += s->weight * (double)s->tokens;
    c->error += s->weight * exp(s->up ? delta - reward : reward - delta);
    if ((reward > delta) == s->up) t->correct += s->weight;
}

void bco_tally_pair(struct bco_tally *t, double weight, bool won) {
    t->pairs += weight;
    if (won) t->won += weight;
}

static double mean(double sum, double weight) {
    return weight > 0 ? sum / weight : NAN;
}

void bco_tally_metrics(const struct bco_tally *t, double denominator, double delta, struct bco_train_metrics *m) {
    const struct bco_class_sums *up = &t->up, *down = &t->down;
    double weight = up->weight + down->weight;
    m->loss = mean(t->loss, denominator);
    m->delta = delta;
    m->rewards_up = mean(up->reward, up->weight);
    m->rewards_down = mean(down->reward, down->weight);
    m->logps_up = mean(up->logp, up->weight);
    m->logps_down = mean(down->logp, down->weight);
    m->accuracy = t->pairs > 0 ? mean(t->won, t->pairs) : mean(t->correct, weight);
    m->kl = 0 - mean(up->logratio + down->logratio, weight); /* never -0 */
    m->up_logratio_per_token = mean(up->logratio, up->tokens);
    m->error_term = mean(up->error, up->weight) + mean(down->error, down->weight);
    m->up = up->count;
    m->down = down->count;
}

struct bco_scored bco_scored_of(double reward, double weight, bool up) {
    return (struct bco_scored){(float)reward, (float)(up ? weight : -weight)};
}

_Static_assert(sizeof(struct bco_scored) == BCO_SORT_BYTES, "what bco_sort takes");

static bool lower_reward(const void *a, const void *b, const void *user) {
    const struct bco_scored *x = a, *y = b;
    (void)user;
    return x->reward < y->reward;
}

double bco_auc(struct bco_scored *samples, size_t count) {
    double below = 0, won = 0, ups = 0;
    bco_sort(samples, count, lower_reward, NULL);
    for (size_t i = 0, end; i < count; i = end) {
        double up = 0, down = 0;
        for (end = i; end < count && samples[end].reward == samples[i].reward; end++)
            *(signbit(samples[end].weight) ? &down : &up) += fabs((double)samples[end].weight);
        won += up * (below + down / 2);
        below += down;
        ups += up;
    }
    return mean(won, ups * below);
}

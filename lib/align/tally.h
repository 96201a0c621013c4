/* Sums over samples, from which a step's or an evaluation's metrics come. */
#ifndef BCO_ALIGN_TALLY_H
#define BCO_ALIGN_TALLY_H

#include <bco/train.h>

/* One sample as the model sees it now. */
struct bco_seen {
    double logp, ref_logp, weight, loss; /* loss: times the weight */
    size_t tokens;                       /* of the completion */
    bool up;
};

struct bco_class_sums {
    double weight, reward, logp, logratio, tokens, error; /* each times the weight */
    uint64_t count;
};

/* Start from zeros. */
struct bco_tally {
    struct bco_class_sums up, down;
    double loss, correct;
    double pairs, won; /* weights of pairs, of those whose chosen half has the higher reward */
};

void bco_tally_add(struct bco_tally *tally, const struct bco_seen *sample, double beta, double delta);

/* A pair, whose halves are added as samples as well. */
void bco_tally_pair(struct bco_tally *tally, double weight, bool won);

/* Means into the metrics; `denominator` is that of the loss. Other members stay. */
void bco_tally_metrics(const struct bco_tally *tally, double denominator, double delta,
                       struct bco_train_metrics *metrics);

/* A sample for bco_auc, in 8 bytes: as many as there are held-out samples are in memory at once. Rewards nearer to each
 * other than 6e-8 of their size are ties. */
struct bco_scored {
    float reward, weight; /* of a down: -weight */
};
struct bco_scored bco_scored_of(double reward, double weight, bool up);
/* P(a reward of an up > one of a down), ties 1/2; sorts the samples. NaN: one class only. */
double bco_auc(struct bco_scored *samples, size_t count);

#endif

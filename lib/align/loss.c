#include "base/sigmoid.h"

#include <bco/loss.h>
#include <math.h>

const char *bco_loss_name(enum bco_loss loss) {
    static const char *const names[] = {"bco", "bce", "kto", "dpo", "ipo", "nca", "sft"};
    return (size_t)loss < sizeof names / sizeof *names ? names[loss] : NULL;
}

bool bco_loss_is_paired(enum bco_loss loss) {
    return loss == BCO_LOSS_DPO || loss == BCO_LOSS_IPO || loss == BCO_LOSS_NCA;
}

struct value {
    double loss, slope; /* slope: d loss / d logp */
};

/* Cross entropy of the class against s(reward - shift); up and down mirror each other. */
static struct value cross_entropy(double beta, double logratio, double shift, bool up) {
    double u = beta * logratio - shift, sign = up ? 1 : -1;
    return (struct value){bco_softplus(-sign * u), -sign * beta * bco_sigmoid(-sign * u)};
}

static struct value kto(double beta, double logratio, double shift, bool up) {
    double u = beta * (logratio - shift), sign = up ? 1 : -1;
    return (struct value){bco_sigmoid(-sign * u), -sign * beta * bco_sigmoid(u) * bco_sigmoid(-u)};
}

static struct value binary(enum bco_loss loss, double beta, double shift, double logp, double ref_logp, bool up) {
    switch (loss) {
    case BCO_LOSS_BCO: return cross_entropy(beta, logp - ref_logp, shift, up);
    case BCO_LOSS_BCE: return cross_entropy(beta, logp - ref_logp, 0, up);
    case BCO_LOSS_KTO: return kto(beta, logp - ref_logp, shift, up);
    case BCO_LOSS_SFT: return (struct value){-logp, -1};
    default: return (struct value){NAN, NAN};
    }
}

void bco_loss_binary(enum bco_loss loss, double beta, double shift, const struct bco_loss_samples *samples,
                     double *losses, double *dloss_dlogp) {
    for (size_t b = 0; b < samples->count; b++) {
        struct value v = binary(loss, beta, shift, samples->logp[b], samples->ref_logp ? samples->ref_logp[b] : 0,
                                samples->up ? samples->up[b] : true);
        double weight = samples->weight ? samples->weight[b] : 1;
        if (losses) losses[b] = weight * v.loss;
        if (dloss_dlogp) dloss_dlogp[b] = weight * v.slope;
    }
}

struct pair_value {
    double loss, chosen, rejected; /* the last two: d loss / d logp */
};

static struct pair_value dpo(double beta, double w, double l) {
    double u = beta * (w - l), slope = beta * bco_sigmoid(-u);
    return (struct pair_value){bco_softplus(-u), -slope, slope};
}

static struct pair_value nca(double beta, double w, double l) {
    double rw = beta * w, rl = beta * l;
    return (struct pair_value){
        bco_softplus(-rw) + (bco_softplus(rw) + bco_softplus(rl)) / 2,
        beta * (bco_sigmoid(rw) / 2 - bco_sigmoid(-rw)),
        beta * bco_sigmoid(rl) / 2,
    };
}

static struct pair_value ipo(double tau, double w, double l) {
    double miss = w - l - 1 / (2 * tau);
    return (struct pair_value){miss * miss, 2 * miss, -2 * miss};
}

static struct pair_value paired(enum bco_loss loss, double beta, double w, double l) {
    switch (loss) {
    case BCO_LOSS_DPO: return dpo(beta, w, l);
    case BCO_LOSS_NCA: return nca(beta, w, l);
    case BCO_LOSS_IPO: return ipo(beta, w, l);
    default: return (struct pair_value){NAN, NAN, NAN};
    }
}

void bco_loss_paired(enum bco_loss loss, double beta, const struct bco_loss_pairs *pairs, double *losses,
                     double *dloss_dchosen, double *dloss_drejected) {
    for (size_t b = 0; b < pairs->count; b++) {
        struct pair_value v =
            paired(loss, beta, pairs->chosen[b] - pairs->ref_chosen[b], pairs->rejected[b] - pairs->ref_rejected[b]);
        double weight = pairs->weight ? pairs->weight[b] : 1;
        if (losses) losses[b] = weight * v.loss;
        if (dloss_dchosen) dloss_dchosen[b] = weight * v.chosen;
        if (dloss_drejected) dloss_drejected[b] = weight * v.rejected;
    }
}

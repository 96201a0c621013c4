/* Losses and the reward shift, on numbers: log-probabilities in, losses and
 * their derivatives out. Nothing here knows a token or a tensor. B samples.
 * Formulas: Jung, Han, Nam, On, "Binary Classifier Optimization for Large
 * Language Model Alignment", arXiv 2404.04656; bco_loss(3) writes them out. */
#ifndef BCO_LOSS_H
#define BCO_LOSS_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- losses ------------------------------------------------------------- */

enum bco_loss { BCO_LOSS_BCO, BCO_LOSS_BCE, BCO_LOSS_KTO, BCO_LOSS_DPO, BCO_LOSS_IPO, BCO_LOSS_NCA, BCO_LOSS_SFT };

BCO_API const char *bco_loss_name(enum bco_loss loss); /* "bco", ...; NULL where there is no such loss */
BCO_API bool bco_loss_is_paired(enum bco_loss loss);   /* dpo, ipo, nca: of a chosen and a rejected completion */

/* Samples of a binary loss. Log-probs in nats. */
struct bco_loss_samples {
    size_t count;           /* B */
    const double *logp;     /* [B], of the policy */
    const double *ref_logp; /* [B], of the reference; NULL: all 0 (sft does not look at it) */
    const bool *up;         /* [B]; NULL: all true */
    const double *weight;   /* [B]; NULL: all 1 */
};

/* With r = beta*(logp - ref_logp), s the logistic function:
 *   bco  up: -ln s(r - shift)   down: -ln s(-(r - shift))
 *   bce  the same with shift 0
 *   kto  up: 1 - s(u)   down: 1 - s(-u)   u = beta*(logp - ref_logp - shift)
 *   sft  -logp
 * losses[b] and dloss_dlogp[b] (either may be NULL) are times weight[b]; the
 * shift is a constant for the derivative. No mean is taken. A paired loss gives
 * NaN. Exact to a few units in the last place at any log-ratio. */
BCO_API void bco_loss_binary(enum bco_loss loss, double beta, double shift, const struct bco_loss_samples *samples,
                             double *losses, double *dloss_dlogp);

/* Samples of a paired loss. */
struct bco_loss_pairs {
    size_t count;                    /* B pairs */
    const double *chosen, *rejected; /* [B], log-probs of the policy */
    const double *ref_chosen;        /* [B] */
    const double *ref_rejected;      /* [B] */
    const double *weight;            /* [B]; NULL: all 1 */
};

/* With w the chosen and l the rejected completion:
 *   dpo  -ln s(r_w - r_l)
 *   nca  -ln s(r_w) - (ln s(-r_w) + ln s(-r_l))/2
 *   ipo  (h - 1/(2 beta))^2   h = (logp - ref_logp)(w) - (logp - ref_logp)(l)
 * Each array of [B] may be NULL. A binary loss gives NaN. */
BCO_API void bco_loss_paired(enum bco_loss loss, double beta, const struct bco_loss_pairs *pairs, double *losses,
                             double *dloss_dchosen, double *dloss_drejected);

/* ---- the reward shift ----------------------------------------------------- */

enum bco_shift_rule {
    BCO_SHIFT_EMA,        /* class means, exponential moving averages, as they were before the step */
    BCO_SHIFT_BATCH,      /* class means of the step itself */
    BCO_SHIFT_RUNNING,    /* one mean over all samples so far, the step's included: TRL's */
    BCO_SHIFT_CUMULATIVE, /* class means, each the mean over all steps before that had the class */
    BCO_SHIFT_NONE,       /* 0 */
};

BCO_API const char *bco_shift_name(enum bco_shift_rule rule); /* "ema", ...; NULL where there is no such rule */

/* The state of a shift: plain numbers, to be copied and saved as they are.
 * Start: rule and decay set, everything else zero. */
struct bco_shift {
    enum bco_shift_rule rule;
    double decay;                  /* of ema */
    double mean_up, mean_down;     /* class means of rewards; 0 while the class was not seen */
    uint64_t steps_up, steps_down; /* steps that had records of the class; 0: not seen */
    double mean, weight;           /* of running: the mean over all samples, and their weight */
};

/* A step's rewards. Start from zeros; micro-batches add to the same one. */
struct bco_shift_sums {
    double up, down;               /* sums of weight * reward */
    double weight_up, weight_down; /* sums of weights */
};
BCO_API void bco_shift_add(struct bco_shift_sums *sums, double reward, double weight,
                           bool up); /* weight 0 adds nothing */

/* True where the step's own rewards go into its shift (batch, running): then
 * call bco_shift_update before bco_shift_delta, otherwise behind it. */
BCO_API bool bco_shift_needs_rewards(enum bco_shift_rule rule);

/* delta, one number for a whole optimizer step. */
BCO_API double bco_shift_delta(const struct bco_shift *shift);

/* Takes a step's rewards in, once a step. */
BCO_API void bco_shift_update(struct bco_shift *shift, const struct bco_shift_sums *sums);

#ifdef __cplusplus
}
#endif

#endif

/* From logits to a token. */
#ifndef BCO_NN_SAMPLER_H
#define BCO_NN_SAMPLER_H

#include "base/rng.h"

#include <bco/generate.h>

/* One token with its share. */
struct bco_candidate {
    double p; /* not normalised: the likeliest has 1 */
    int32_t id;
};

/* The tokens that `options` leave to choose from, by id, with their shares, at the beginning of `room`, which holds
 * 2 * `count`; returns how many. Not for greedy. */
size_t bco_candidates(const struct bco_generate_options *options, const float *logits, size_t count,
                      struct bco_candidate *room);

/* The token that `options` choose from logits[0 .. count-1]; one number of *rng
 * is drawn unless greedy. `room` holds 2 * `count` candidates. Defaults have been filled in. */
int32_t bco_sample_token(const struct bco_generate_options *options, const float *logits, size_t count,
                         struct bco_rng *rng, struct bco_candidate *room);

/* ln of the softmax of logits[0 .. count-1] at `id`. */
double bco_token_logp(const float *logits, size_t count, int32_t id);

/* Applies the repetition penalty for `ids` that are not in `seen` [V] yet, and puts them there. */
void bco_penalize(double penalty, float *logits, const int32_t *ids, size_t count, bool *seen);
/* Takes them out again. */
void bco_unsee(const int32_t *ids, size_t count, bool *seen);

#endif

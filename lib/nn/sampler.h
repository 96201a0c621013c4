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

/* The token that `options` choose from logits[0 .. count-1]; one number of *rng
 * is drawn unless greedy. `room` holds 2 * `count` candidates. Defaults have been filled in. */
int32_t bco_sample_token(const struct bco_generate_options *options, const float *logits, size_t count,
                         struct bco_rng *rng, struct bco_candidate *room);

#endif

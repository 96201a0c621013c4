/* Batches as passes. */
#ifndef BCO_NN_BATCH_H
#define BCO_NN_BATCH_H

#include "nn/trunk.h"

/* Ids, lengths and, where `prompts`, prompt lengths are what the model can take. */
enum bco_code bco_batch_check(const struct bco_model *model, const struct bco_batch *batch, bool prompts,
                              struct bco_error *err);
struct bco_pass bco_pass_of(const struct bco_model *model, const struct bco_batch *batch, bool train);

#endif

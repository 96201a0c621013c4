#ifndef BCO_NN_SAVE_H
#define BCO_NN_SAVE_H

#include <bco/model.h>

/* transformers' default */
#define BCO_SHARD_BYTES UINT64_C(5000000000)

/* bco_model_save_as, with at most `limit` bytes of weights in a file (a larger weight has one of its own).
 * BCO_EINTERRUPTED: watch->stop said so. `watch` may be NULL. */
enum bco_code bco_model_save_limited(const struct bco_model *model, const char *dir, enum bco_dtype dtype,
                                     uint64_t limit, const struct bco_watch *watch, struct bco_error *err);

#endif

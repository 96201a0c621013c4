#ifndef BCO_NN_SAVE_H
#define BCO_NN_SAVE_H

#include <bco/model.h>

/* bco_model_save_as, with at most `limit` bytes of weights in a file (a larger weight has one of its own). */
enum bco_code bco_model_save_limited(const struct bco_model *model, const char *dir, enum bco_dtype dtype,
                                     uint64_t limit, struct bco_error *err);

#endif

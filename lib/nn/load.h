#ifndef BCO_NN_LOAD_H
#define BCO_NN_LOAD_H

#include "nn/model.h"
#include "nn/safetensors.h"

/* Type and shape are what the slot needs. */
enum bco_code bco_slot_check(const struct bco_slot *slot, const struct bco_tensor *tensor, struct bco_error *err);
enum bco_dtype bco_tensor_dtype(const struct bco_tensor *tensor); /* of a readable one */
/* Reads tensors[i], checked before, into slot i; NULL is left out. NaN and infinities are errors. */
enum bco_code bco_slots_read(const struct bco_slots *slots, const struct bco_tensor *const *tensors, int threads,
                             struct bco_error *err);

#endif

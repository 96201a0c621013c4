/* LoRA adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors. */
#ifndef BCO_NN_ADAPTER_H
#define BCO_NN_ADAPTER_H

#include "nn/model.h"

double bco_lora_scale(const struct bco_lora_config *lora); /* 0 without an adapter */

/* Takes the configuration of the adapter in folder `dir`, before the model's weights are there. */
enum bco_code bco_adapter_configure(struct bco_model *model, const char *dir, struct bco_error *err);
/* Puts it on the model. Errors of both: BCO_EDATA for what is wrong in it or does not fit. */
enum bco_code bco_adapter_read(struct bco_model *model, bool gradients, struct bco_error *err);
/* A new one on the modules whose names end in one of `targets` (comma-separated; NULL:
 * all): A drawn, B zero. A target that no module has is BCO_EUSAGE. */
enum bco_code bco_adapter_new(struct bco_model *model, const struct bco_lora_config *lora, const char *targets,
                              uint64_t seed, struct bco_error *err);
/* Adds it to the base's weights; the model is as one without adapter then. `keep`: it becomes `under`. */
void bco_adapter_merge(struct bco_model *model, bool keep);
/* `under` and the adapter as one of both their ranks and of scale 1: an adapter of the model in the folder. `both` is
 * empty before, and the caller's. */
enum bco_code bco_adapter_join(const struct bco_model *model, struct bco_slots *both, struct bco_error *err);

struct bco_buf;
/* Appends the last parts of the names of the modules that have it, "q_proj,v_proj". */
void bco_adapter_targets(const struct bco_model *model, struct bco_buf *text);
/* The text of a new adapter's adapter_config.json. false: out of memory. */
bool bco_adapter_describe(const struct bco_model *model, struct bco_buf *text);

#endif

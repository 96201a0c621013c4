#ifndef BCO_NN_ADAPTER_CONFIG_H
#define BCO_NN_ADAPTER_CONFIG_H

#include "nn/model.h"

/* Reads `size` bytes of adapter_config.json; `path` is for messages. What would
 * change the numbers and is not done here is an error that names it. */
enum bco_code bco_lora_parse(struct bco_lora_config *lora, const char *json, size_t size, const char *path,
                             struct bco_error *err);

#endif

/* A config.json made of anything. */
#include "nn/config.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bco_config config;
    struct bco_error err;
    if (bco_config_parse(&config, (const char *)data, size, "fuzz", &err) == BCO_OK) bco_config_free(&config);
    return 0;
}

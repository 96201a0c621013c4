/* An adapter_config.json made of anything. */
#include "nn/adapter_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bco_lora_config lora;
    struct bco_error err;
    bco_lora_parse(&lora, (const char *)data, size, "fuzz", &err);
    return 0;
}

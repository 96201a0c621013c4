/* A model's folder with weights made of anything: what opens must also compute. */
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    fuzz_write("config.json", fuzz_config, sizeof fuzz_config - 1);
    fuzz_write("model.safetensors", bytes, length);
    fuzz_open_model();
    return 0;
}

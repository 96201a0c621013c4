/* A safetensors file made of anything: read, and every tensor in it touched. */
#include "nn/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct bco_tensor *tensor) {
    float x[64];
    if (!bco_tensor_readable(tensor)) return;
    for (size_t at = 0; at < tensor->count; at += 64)
        bco_tensor_read(tensor, at, tensor->count - at < 64 ? tensor->count - at : 64, x);
}

/* The first byte is the header's length, unless it is 255: then the file is taken as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bco_weights *weights;
    struct bco_error err;
    if (size == 0) return 0;
    uint8_t *file = calloc(size + 7, 1);
    if (!file) return 0;
    size_t header = data[0] == 255 ? 0 : 8;
    size_t length = data[0] < size - 1 ? data[0] : size - 1;
    if (header) file[0] = (uint8_t)length;
    memcpy(file + header, data + 1, size - 1);
    if (bco_weights_of_memory(&weights, file, header + size - 1, "fuzz", &err) == BCO_OK) {
        for (size_t i = 0; i < bco_weights_count(weights); i++) touch(bco_weights_tensor(weights, i));
        bco_weights_find(weights, "alias");
        bco_weights_close(weights);
    }
    free(file);
    return 0;
}

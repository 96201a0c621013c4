/* Ratios, as binbalance --ratio gets them. */
#include <bco/balance.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    double ratio;
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (bco_ratio_parse(text, &ratio) && !(ratio > 0 && ratio < 1e9)) abort();
    free(text);
    return 0;
}

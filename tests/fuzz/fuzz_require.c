/* Gates, as binstat --require gets them. */
#include <bco/stat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bco_stat stat = {.records = 5, .up = 2, .down = 3, .up_share = 0.4};
    struct bco_error err;
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    enum bco_code parsed = bco_stat_require(NULL, text, &err), checked = bco_stat_require(&stat, text, &err);
    if ((parsed == BCO_OK) != (checked == BCO_OK || checked == BCO_EDATA)) abort();
    free(text);
    return 0;
}

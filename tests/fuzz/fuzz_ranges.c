/* Ranges, scales and maps as they come from a command line. */
#include "data/ranges.h"
#include "data/words.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const meanings[] = {"up", "down", "drop", NULL};
    struct bco_ranges ranges = {0};
    struct bco_words *words = NULL;
    struct bco_error err;
    double x;
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (bco_number_parse(text, size, &x) && isnan(x)) abort();
    if (bco_ranges_parse(&ranges, "--up", text, &err) == BCO_OK)
        for (size_t i = 0; i < ranges.count; i++)
            if (!bco_ranges_hold(&ranges, ranges.items[i].low) || !bco_ranges_hold(&ranges, ranges.items[i].high))
                abort();
    bco_ranges_free(&ranges);
    if (bco_words_parse(&words, "--map", text, meanings, &err) == BCO_OK) bco_words_free(words);
    free(text);
    return 0;
}

/* Numbers as people write ratings, the scale, and ranges of it. */
#ifndef BCO_DATA_RANGES_H
#define BCO_DATA_RANGES_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>

/* A decimal number with optional sign, fraction and exponent, blanks around it
 * ignored; no hexadecimal, no "inf", no "nan", whatever the locale. An overflow
 * gives an infinity. */
bool bco_number_parse(const char *text, size_t length, double *value);

struct bco_range {
    double low, high; /* both belong to it */
};

struct bco_ranges {
    struct bco_range *items;
    size_t count, capacity;
};

/* "4-5", "1", "-2--1": one value or LOW-HIGH. `option` is named in the error (BCO_EUSAGE). */
enum bco_code bco_range_parse(struct bco_range *range, const char *option, const char *text, size_t length,
                              struct bco_error *err);

/* Several, with commas between. Zero-initialise `ranges`; free it with bco_ranges_free on errors too. */
enum bco_code bco_ranges_parse(struct bco_ranges *ranges, const char *option, const char *text, struct bco_error *err);
void bco_ranges_free(struct bco_ranges *ranges);

bool bco_ranges_hold(const struct bco_ranges *ranges, double x);

/* True when some value is in both; *common is one such value. */
bool bco_ranges_meet(const struct bco_ranges *a, const struct bco_ranges *b, double *common);

#endif

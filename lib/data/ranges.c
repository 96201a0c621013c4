#include "data/ranges.h"

#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define NUMBER_SIZE 512 /* bytes of the longest number that is taken for one */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t digits(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && is_digit(text[n])) n++;
    return n;
}

/* The length of the number at the start of `text`, 0 when there is none. The
 * same number goes to `json` (NUMBER_SIZE bytes) as JSON spells it: no plus sign, no
 * leading zeros, digits on both sides of the point. */
static size_t number_length(const char *text, size_t length, char *json) {
    size_t i = 0, to = 0;
    if (length > NUMBER_SIZE - 8) length = NUMBER_SIZE - 8;
    if (i < length && (text[i] == '-' || text[i] == '+')) {
        if (text[i] == '-') json[to++] = '-';
        i++;
    }
    size_t whole = digits(text + i, length - i), skipped = 0;
    while (skipped + 1 < whole && text[i + skipped] == '0') skipped++;
    memcpy(json + to, whole ? text + i + skipped : "0", whole ? whole - skipped : 1);
    to += whole ? whole - skipped : 1;
    i += whole;
    size_t fraction = i < length && text[i] == '.' ? digits(text + i + 1, length - i - 1) : 0;
    if (whole + fraction == 0) return 0;
    if (fraction) {
        memcpy(json + to, text + i, fraction + 1);
        to += fraction + 1;
    }
    if (i < length && text[i] == '.') i += fraction + 1;
    size_t sign = i + 1 < length && (text[i + 1] == '-' || text[i + 1] == '+');
    size_t exponent = i < length && (text[i] | 32) == 'e' ? digits(text + i + 1 + sign, length - i - 1 - sign) : 0;
    if (exponent) {
        memcpy(json + to, text + i, 1 + sign + exponent);
        to += 1 + sign + exponent;
        i += 1 + sign + exponent;
    }
    json[to] = '\0';
    return i;
}

/* yyjson reads what JSON spells, exactly and whatever the locale. */
static double json_number(const char *json) {
    yyjson_val value = {0};
    if (!yyjson_read_number(json, &value, YYJSON_READ_ALLOW_INF_AND_NAN, NULL, NULL)) return NAN;
    return yyjson_get_num(&value);
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char **text, size_t *length) {
    while (*length && is_blank(**text)) ++*text, --*length;
    while (*length && is_blank((*text)[*length - 1])) --*length;
}

bool bco_number_parse(const char *text, size_t length, double *value) {
    char json[NUMBER_SIZE];
    trim(&text, &length);
    if (length == 1 && is_digit(*text)) { /* nearly every rating */
        *value = *text - '0';
        return true;
    }
    if (length == 0 || number_length(text, length, json) != length) return false;
    *value = json_number(json);
    return !isnan(*value);
}

enum bco_code bco_range_parse(struct bco_range *range, const char *option, const char *text, size_t length,
                              struct bco_error *err) {
    char json[NUMBER_SIZE];
    const char *whole = text;
    size_t whole_length = length;
    trim(&text, &length);
    size_t low = number_length(text, length, json);
    if (low == 0) goto bad;
    range->low = range->high = json_number(json);
    if (low < length) {
        if (text[low] != '-') goto bad;
        size_t high = number_length(text + low + 1, length - low - 1, json);
        if (high == 0 || low + 1 + high != length) goto bad;
        range->high = json_number(json);
    }
    if (!isfinite(range->low) || !isfinite(range->high)) goto bad;
    if (range->low > range->high)
        return bco_fail(err, BCO_EUSAGE, "%s: '%.*s' runs backwards, expected LOW-HIGH", option, (int)whole_length,
                        whole);
    return BCO_OK;
bad:
    return bco_fail(err, BCO_EUSAGE, "%s: '%.*s' is no range, expected a number or LOW-HIGH", option, (int)whole_length,
                    whole);
}

enum bco_code bco_ranges_parse(struct bco_ranges *ranges, const char *option, const char *text, struct bco_error *err) {
    for (const char *item = text;; item++) {
        size_t length = strcspn(item, ",");
        struct bco_range range;
        enum bco_code code = bco_range_parse(&range, option, item, length, err);
        if (code != BCO_OK) return code;
        if (!bco_grow((void **)&ranges->items, &ranges->capacity, ranges->count + 1, sizeof *ranges->items))
            return bco_fail_memory(err);
        ranges->items[ranges->count++] = range;
        item += length;
        if (!*item) return BCO_OK;
    }
}

void bco_ranges_free(struct bco_ranges *ranges) {
    free(ranges->items);
    *ranges = (struct bco_ranges){0};
}

bool bco_ranges_hold(const struct bco_ranges *ranges, double x) {
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->items[i].low <= x && x <= ranges->items[i].high) return true;
    return false;
}

bool bco_ranges_meet(const struct bco_ranges *a, const struct bco_ranges *b, double *common) {
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) {
            double low = fmax(a->items[i].low, b->items[j].low);
            if (low > fmin(a->items[i].high, b->items[j].high)) continue;
            *common = low;
            return true;
        }
    return false;
}

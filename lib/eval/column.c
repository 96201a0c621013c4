#include "eval/column.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool text_is(const char *text, size_t length, const char *word) {
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static bool read_text(const char *text, size_t length, double *value) {
    struct bco_record *number = NULL;
    char json[80];
    if (length > 60 || strspn(text, "+-.0123456789eE") != length) return false;
    snprintf(json, sizeof json, "{\"x\":%.*s}", (int)length, text);
    bool is_number =
        bco_record_parse(&number, json, strlen(json), NULL) == BCO_OK && bco_record_number(number, "x", value);
    bco_record_free(number);
    return is_number;
}

enum bco_column bco_column_number(const struct bco_record *record, const char *field, double *value) {
    const char *text;
    size_t length;
    enum bco_kind kind = bco_record_kind(record, field);
    bool is_number = false;
    *value = NAN;
    if (kind == BCO_MISSING) return BCO_COLUMN_MISSING;
    if (kind == BCO_NULL) return BCO_COLUMN_EMPTY;
    if (kind == BCO_NUMBER) is_number = bco_record_number(record, field, value);
    if (kind == BCO_TEXT && bco_record_text(record, field, &text, &length)) {
        if (length == 0 || text_is(text, length, "null") || text_is(text, length, "nan") ||
            text_is(text, length, "NaN"))
            return BCO_COLUMN_EMPTY;
        is_number = read_text(text, length, value);
    }
    if (is_number && isfinite(*value)) return BCO_COLUMN_NUMBER;
    *value = NAN;
    return BCO_COLUMN_BAD;
}

enum bco_code bco_column_need(const struct bco_record *record, const char *field, double *value,
                              struct bco_error *err) {
    switch (bco_column_number(record, field, value)) {
    case BCO_COLUMN_NUMBER: return BCO_OK;
    case BCO_COLUMN_MISSING: return bco_record_missing(record, field, err);
    case BCO_COLUMN_EMPTY: return bco_record_fail(record, field, err, "empty, expected a number");
    case BCO_COLUMN_BAD: break;
    }
    return bco_record_fail(record, field, err, "not a number");
}

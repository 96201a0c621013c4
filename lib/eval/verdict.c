/* Reading one record: who won, and by how much the lengths differ. */
#include "eval/column.h"
#include "eval/verdicts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ours, and Arena-Hard's labels. */
static const struct {
    const char *word;
    double y;
    bool strong;
} winners[] = {{"a", 1, false},   {"b", 0, false},     {"tie", 0.5, false}, {"A>>B", 1, true},
               {"A>B", 1, false}, {"A=B", 0.5, false}, {"B>A", 0, false},   {"B>>A", 0, true}};

static enum bco_code unfit(const struct bco_record *record, const char *field, const char *kind, const char *expected,
                           struct bco_error *err) {
    size_t length;
    char *got = bco_record_json(record, field, &length);
    enum bco_code code = bco_record_fail(record, field, err, "not %s, got '%.60s', expected %s", kind,
                                         got ? got : "something else", expected);
    free(got);
    return code;
}

static enum bco_code read_winner(const struct bco_record *record, struct bco_verdict *verdict, struct bco_error *err) {
    static const char expected[] = "expected a, b, tie, null or A>>B, A>B, A=B, B>A, B>>A";
    const char *text;
    size_t length;
    enum bco_kind kind = bco_record_kind(record, "winner");
    if (kind == BCO_NULL) return BCO_OK;
    if (kind == BCO_MISSING) return bco_record_fail(record, "winner", err, "missing, expected a, b, tie or null");
    if (!bco_record_text(record, "winner", &text, &length))
        return unfit(record, "winner", "a text", "a, b, tie or null", err);
    for (size_t i = 0; i < sizeof winners / sizeof *winners; i++) {
        if (length != strlen(winners[i].word) || memcmp(text, winners[i].word, length) != 0) continue;
        verdict->valid = true;
        verdict->y = winners[i].y;
        verdict->strong = winners[i].strong;
        return BCO_OK;
    }
    return bco_record_fail(record, "winner", err, "unknown winner, got '%.60s', %s", text, expected);
}

static enum bco_code read_preference(const struct bco_record *record, struct bco_verdict *verdict,
                                     struct bco_error *err) {
    double preference;
    switch (bco_column_number(record, "preference", &preference)) {
    case BCO_COLUMN_MISSING:
        return bco_record_fail(record, "preference", err, "missing, expected a number from 1 to 2, 0 or null");
    case BCO_COLUMN_BAD: return unfit(record, "preference", "a number", "1 to 2, 0 or null", err);
    case BCO_COLUMN_EMPTY: return BCO_OK;
    case BCO_COLUMN_NUMBER: break;
    }
    if (preference == 0) preference = 1.5;
    if (preference < 1 || preference > 2)
        return bco_record_fail(record, "preference", err, "got %g, expected 1 to 2, 0 or null", preference);
    verdict->valid = true;
    verdict->y = preference - 1;
    return BCO_OK;
}

/* A field with the length, or one with the text itself, whose code points count. */
static enum bco_code read_length(const struct bco_record *record, const char *field, const char *output, double *length,
                                 struct bco_error *err) {
    const char *text;
    size_t bytes;
    if (bco_record_kind(record, field) == BCO_MISSING && output && bco_record_text(record, output, &text, &bytes)) {
        *length = 0;
        for (size_t i = 0; i < bytes; i++) *length += ((unsigned char)text[i] & 0xC0) != 0x80;
        return BCO_OK;
    }
    enum bco_code code = bco_column_need(record, field, length, err);
    if (!code && !(*length >= 0)) code = bco_record_fail(record, field, err, "got %g, expected a length", *length);
    return code;
}

enum bco_code bco_verdict_read(enum bco_verdict_format format, bool lengths, const struct bco_record *record,
                               struct bco_verdict *verdict, struct bco_error *err) {
    bool alpaca = format == BCO_VERDICTS_ALPACA;
    double a = 0, b = 0;
    *verdict = (struct bco_verdict){0};
    enum bco_code code = alpaca ? read_preference(record, verdict, err) : read_winner(record, verdict, err);
    if (code || !lengths || !verdict->valid) return code;
    code = read_length(record, alpaca ? "length_model" : "length_a", alpaca ? "output_2" : NULL, &a, err);
    if (!code) code = read_length(record, alpaca ? "length_baseline" : "length_b", alpaca ? "output_1" : NULL, &b, err);
    verdict->difference = b - a;
    return code;
}

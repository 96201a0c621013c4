#include "data/rating.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/fields.h"
#include "data/ranges.h"
#include "data/record.h"
#include "data/words.h"
#include "stream/json.h"
#include "stream/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct bco_rating_rule {
    const char *field;
    bool hint; /* messages may name --map */
    struct bco_range scale;
    struct bco_ranges of[3]; /* by meaning */
    bool rest_is_down;       /* what is on the scale and in no range */
    bool numbers;            /* numbers that are no words are judged by the ranges */
    struct bco_words *words; /* NULL: none */
    struct bco_regex *regex; /* NULL: none */
};

static const char *const meanings[] = {"up", "down", "drop", NULL};
static const char *const options_of[] = {"--up", "--down", "--drop"};

void bco_rating_rule_free(struct bco_rating_rule *rule) {
    if (!rule) return;
    for (int i = 0; i < 3; i++) bco_ranges_free(&rule->of[i]);
    bco_words_free(rule->words);
    bco_regex_free(rule->regex);
    free(rule);
}

/* ---- the options -------------------------------------------------------------- */

static enum bco_code parse_scale(struct bco_rating_rule *rule, const char *text, struct bco_error *err) {
    if (!text) text = "1-5";
    enum bco_code code = bco_range_parse(&rule->scale, "--scale", text, strlen(text), err);
    if (code == BCO_OK && !(rule->scale.low < rule->scale.high))
        code = bco_fail(err, BCO_EUSAGE, "--scale: '%s' is one value, expected LOW-HIGH", text);
    return code;
}

static enum bco_code parse_ranges(struct bco_rating_rule *rule, const struct bco_likert_options *options,
                                  struct bco_error *err) {
    const char *const texts[3] = {options->up, options->down, options->drop};
    double common;
    for (int i = 0; i < 3; i++) {
        enum bco_code code = texts[i] ? bco_ranges_parse(&rule->of[i], options_of[i], texts[i], err) : BCO_OK;
        if (code != BCO_OK) return code;
    }
    struct bco_ranges *up = &rule->of[BCO_MEANS_UP];
    if (!options->up) {
        if (!bco_grow((void **)&up->items, &up->capacity, 1, sizeof *up->items)) return bco_fail_memory(err);
        up->items[up->count++] = (struct bco_range){rule->scale.high, rule->scale.high};
    }
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            if (bco_ranges_meet(&rule->of[i], &rule->of[j], &common))
                return bco_fail(err, BCO_EUSAGE, "%g is in both %s%s and %s", common, options_of[i],
                                i == BCO_MEANS_UP && !options->up ? " (the top of the scale)" : "", options_of[j]);
    rule->rest_is_down = !options->down;
    rule->numbers = !options->map || options->scale || options->up || options->down;
    return BCO_OK;
}

static enum bco_code parse_regex(struct bco_rating_rule *rule, const char *text, struct bco_error *err) {
    if (!text) return BCO_OK;
    enum bco_code code = bco_regex_new(&rule->regex, "--rating-regex", text, strlen(text), false, err);
    if (code == BCO_OK && bco_regex_groups(rule->regex) == 0)
        code = bco_fail(err, BCO_EUSAGE, "--rating-regex: '%s' has no group, expected one around the rating", text);
    return code;
}

enum bco_code bco_rating_rule_new(struct bco_rating_rule **rule, const struct bco_likert_options *options, bool hint,
                                  struct bco_error *err) {
    struct bco_rating_rule *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    made->hint = hint;
    made->field = options->rating ? options->rating : "rating";
    enum bco_code code = parse_scale(made, options->scale, err);
    if (code == BCO_OK) code = parse_ranges(made, options, err);
    if (code == BCO_OK && options->map) code = bco_words_parse(&made->words, "--map", options->map, meanings, err);
    if (code == BCO_OK) code = parse_regex(made, options->rating_regex, err);
    if (code != BCO_OK)
        bco_rating_rule_free(made);
    else
        *rule = made;
    return code;
}

void bco_rating_rule_warn(const struct bco_rating_rule *rule, const struct bco_watch *watch) {
    char text[160];
    if (!rule->numbers || !watch || !watch->warn) return;
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < rule->of[i].count; j++) {
            struct bco_range range = rule->of[i].items[j];
            if (range.low <= rule->scale.high && range.high >= rule->scale.low) continue;
            int length = snprintf(text, sizeof text, "%s %g", options_of[i], range.low);
            if (range.high > range.low)
                length += snprintf(text + length, sizeof text - (size_t)length, "-%g", range.high);
            snprintf(text + length, sizeof text - (size_t)length,
                     " lies outside the scale, %g to %g: no rating is there; --scale says what the scale is",
                     rule->scale.low, rule->scale.high);
            watch->warn(watch->user, text);
        }
}

/* ---- a record -------------------------------------------------------------------- */

/* What a rating says, as text; BCO_EDATA where it is nothing that could be one. */
struct said {
    enum bco_kind kind;
    const char *text;
    size_t length;
};

static enum bco_code read_said(const struct bco_rating_rule *rule, const struct bco_record *record,
                               const struct bco_field *found, struct said *said, struct bco_error *err) {
    said->kind = found->kind;
    switch (said->kind) {
    case BCO_TEXT: bco_field_text(found, &said->text, &said->length); return BCO_OK;
    case BCO_NUMBER:
        said->text = found->value;
        said->length = found->value_length;
        return BCO_OK;
    case BCO_BOOL: said->text = found->value[0] == 't' ? "true" : "false"; break;
    case BCO_NULL: said->text = "null"; break;
    default:
        return bco_record_fail(record, rule->field, err, "got %s, expected a number or a text",
                               bco_json_kind_words(said->kind));
    }
    said->length = strlen(said->text);
    return BCO_OK;
}

static int shown(const struct said *said) {
    return (int)bco_utf8_cut(said->text, said->length, 60);
}

static enum bco_code search(const struct bco_rating_rule *rule, struct bco_regex_match *match,
                            const struct bco_record *record, struct said *said, struct bco_error *err) {
    bool found;
    size_t start, end;
    enum bco_code code = bco_regex_find(rule->regex, match, said->text, said->length, &found, err);
    if (code == BCO_EDATA) {
        bco_error_place(err, bco_record_file(record), bco_record_line(record), rule->field);
        return code;
    }
    if (code != BCO_OK) return code;
    if (!found || !bco_regex_match_group(match, 1, &start, &end))
        return bco_record_fail(record, rule->field, err, "--rating-regex finds nothing, got '%.*s'", shown(said),
                               said->text);
    said->kind = BCO_TEXT;
    said->text += start;
    said->length = end - start;
    return BCO_OK;
}

static enum bco_code no_word(const struct bco_rating_rule *rule, const struct bco_record *record,
                             const struct said *said, struct bco_error *err) {
    return bco_record_fail(record, rule->field, err, "not in the map, got '%.*s', expected one of: %s", shown(said),
                           said->text, bco_words_list(rule->words));
}

static enum bco_code judge_number(const struct bco_rating_rule *rule, const struct bco_record *record,
                                  const struct said *said, double x, struct bco_rating *rating, struct bco_error *err) {
    if (!isfinite(x))
        return bco_record_fail(record, rule->field, err, "not finite, got '%.*s', expected %g to %g", shown(said),
                               said->text, rule->scale.low, rule->scale.high);
    if (x < rule->scale.low || x > rule->scale.high)
        return bco_record_fail(record, rule->field, err, "outside the scale, got '%.*s', expected %g to %g",
                               shown(said), said->text, rule->scale.low, rule->scale.high);
    double value = x + 0.0; /* -0 is 0 */
    memcpy(&rating->identity, &value, sizeof value);
    rating->value = value;
    for (int i = 0; i < 3; i++)
        if (bco_ranges_hold(&rule->of[i], x)) {
            rating->meaning = (enum bco_meaning)i;
            return BCO_OK;
        }
    rating->meaning = BCO_MEANS_DOWN;
    if (rule->rest_is_down) return BCO_OK;
    return bco_record_fail(record, rule->field, err,
                           "in no range, got '%.*s', expected a value of --up, --down or "
                           "--drop",
                           shown(said), said->text);
}

enum bco_code bco_rating_judge(const struct bco_rating_rule *rule, struct bco_regex_match *match,
                               const struct bco_record *record, struct bco_rating *rating, struct bco_error *err) {
    struct bco_field found;
    if (!bco_record_find(record, rule->field, &found)) return bco_record_missing(record, rule->field, err);
    return bco_rating_judge_field(rule, match, record, &found, rating, err);
}

enum bco_code bco_rating_judge_field(const struct bco_rating_rule *rule, struct bco_regex_match *match,
                                     const struct bco_record *record, const struct bco_field *field,
                                     struct bco_rating *rating, struct bco_error *err) {
    struct said said = {0};
    double x;
    int word = -1;
    enum bco_code code = read_said(rule, record, field, &said, err);
    if (code == BCO_OK && rule->regex) code = search(rule, match, record, &said, err);
    if (code == BCO_OK && rule->words) code = bco_words_find(rule->words, match, said.text, said.length, &word, err);
    if (code != BCO_OK) return code;
    bool is_number = (said.kind == BCO_NUMBER || said.kind == BCO_TEXT) && bco_number_parse(said.text, said.length, &x);
    if (word < 0 && rule->words && is_number) word = bco_words_find_number(rule->words, x);
    if (word >= 0) {
        rating->meaning = (enum bco_meaning)bco_words_meaning(rule->words, word);
        rating->value = NAN;
        rating->identity = UINT64_MAX - (uint64_t)word; /* a NaN's bits: no number has them */
        return BCO_OK;
    }
    if (is_number && rule->numbers) return judge_number(rule, record, &said, x, rating, err);
    if (rule->words) return no_word(rule, record, &said, err);
    return bco_record_fail(record, rule->field, err, "not a number, got '%.*s', expected %g to %g%s", shown(&said),
                           said.text, rule->scale.low, rule->scale.high,
                           rule->hint ? "; --map gives words a meaning" : "");
}

/* The judge is a regular expression: what it matches wins. */
#include "eval/match.h"
#include "eval/ruling.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/regex.h"

#include <stdio.h>
#include <string.h>

struct search {
    struct bco_regex *regex;
    struct bco_regex_match *match;
};

/* Whether a text matches, or a message's content. */
static enum bco_code find(const struct search *s, const struct bco_side *side, bool *found, struct bco_error *err) {
    struct bco_record *record = NULL;
    const char *text;
    size_t length;
    *found = false;
    enum bco_code code = bco_record_parse(&record, NULL, 0, err);
    if (!code) code = bco_record_set_json(record, "x", side->completion, strlen(side->completion), err);
    if (!code && bco_record_text(record, "x", &text, &length))
        code = bco_regex_find(s->regex, s->match, text, length, found, err);
    for (size_t i = 0; !code && !*found; i++) {
        char path[64];
        snprintf(path, sizeof path, "x.%zu", i);
        if (bco_record_kind(record, path) == BCO_MISSING) break;
        snprintf(path, sizeof path, "x.%zu.content", i);
        if (bco_record_text(record, path, &text, &length))
            code = bco_regex_find(s->regex, s->match, text, length, found, err);
    }
    bco_record_free(record);
    return code;
}

static enum bco_code rule(const struct search *s, const struct bco_side *a, const struct bco_side *b,
                          struct bco_ruling *ruling, struct bco_error *err) {
    struct bco_error own = {0};
    bool found_a, found_b;
    enum bco_code code = find(s, a, &found_a, &own);
    if (!code) code = find(s, b, &found_b, &own);
    if (code == BCO_EDATA) { /* the search has gone over its limits */
        ruling->reason = bco_strndup(own.message, strlen(own.message));
        return ruling->reason ? BCO_OK : bco_fail_memory(err);
    }
    if (code) {
        if (err) *err = own;
        return code;
    }
    ruling->answer.winner = found_a == found_b ? BCO_WINNER_TIE : found_a ? BCO_WINNER_A : BCO_WINNER_B;
    return BCO_OK;
}

enum bco_code bco_judge_by_regex(const struct bco_hearing *hearing, struct bco_error *err) {
    const struct bco_match *pairs = hearing->pairs;
    const char *expression = hearing->options.prefer;
    struct search s = {.match = bco_regex_match_new()};
    enum bco_code code = s.match ? bco_regex_new(&s.regex, "--prefer-regex", expression, strlen(expression), false, err)
                                 : bco_fail_memory(err);
    for (size_t i = 0; !code && i < pairs->count; i++) {
        const struct bco_pair *pair = &pairs->pairs[i];
        struct bco_ruling ruling = {0};
        code = rule(&s, &pairs->a.sides[pair->a], &pairs->b.sides[pair->b], &ruling, err);
        if (!code) code = bco_ruling_write_same(hearing, i, &ruling, err);
        if (!code) code = bco_hearing_check(hearing, err);
        bco_ruling_free(&ruling);
    }
    bco_regex_free(s.regex);
    bco_regex_match_free(s.match);
    return code;
}

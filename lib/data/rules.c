#include "data/rules.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/utf8.h"

#include <stdlib.h>
#include <string.h>

struct rule {
    bool keep;
    char *field;
    struct bco_regex *regex;
};

struct bco_rules {
    struct rule items[BCO_RULES];
    size_t count;
    uint64_t min_chars, max_chars; /* 0: no limit */
};

void bco_rules_free(struct bco_rules *rules) {
    if (!rules) return;
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->items[i].field);
        bco_regex_free(rules->items[i].regex);
    }
    free(rules);
}

static enum bco_code add(struct bco_rules *rules, const char *option, bool keep, const char *text,
                         struct bco_error *err) {
    const char *sign = strchr(text, '~');
    if (!sign || sign == text || bco_utf8_good(text, strlen(text)) < strlen(text))
        return bco_fail(err, BCO_EUSAGE, "%s: got '%s', expected FIELD~RE", option, text);
    if (rules->count == BCO_RULES) return bco_fail(err, BCO_EUSAGE, "%s: more than %d rules", option, BCO_RULES);
    struct rule *rule = &rules->items[rules->count++];
    rule->keep = keep;
    rule->field = bco_strndup(text, (size_t)(sign - text));
    if (!rule->field) return bco_fail_memory(err);
    return bco_regex_new(&rule->regex, option, sign + 1, strlen(sign + 1), false, err);
}

enum bco_code bco_rules_new(struct bco_rules **rules, const struct bco_filter_options *options, struct bco_error *err) {
    struct bco_rules *made = bco_calloc(1, sizeof *made);
    enum bco_code code = made ? BCO_OK : bco_fail_memory(err);
    if (code != BCO_OK) return code;
    made->min_chars = options->min_chars;
    made->max_chars = options->max_chars;
    if (made->max_chars && made->min_chars > made->max_chars)
        code = bco_fail(err, BCO_EUSAGE, "--min-chars is more than --max-chars");
    for (size_t i = 0; code == BCO_OK && i < options->keep_count; i++)
        code = add(made, "--keep", true, options->keep[i], err);
    for (size_t i = 0; code == BCO_OK && i < options->reject_count; i++)
        code = add(made, "--reject", false, options->reject[i], err);
    if (code != BCO_OK)
        bco_rules_free(made);
    else
        *rules = made;
    return code;
}

/* The text that a rule is about. False: there is none. */
static bool subject(const char *field, struct bco_buf *room, const struct bco_record *record,
                    const struct bco_rule_names *names, const char **text, size_t *length) {
    const struct bco_value *const values[] = {names->prompt, names->completion};
    const char *const called[] = {"prompt", "completion"};
    bool there = bco_record_kind(record, field) != BCO_MISSING;
    for (int i = 0; i < 2; i++) {
        if (!values[i] || (strcmp(field, values[i]->field) != 0 && (there || strcmp(field, called[i]) != 0))) continue;
        if (values[i]->messages) return bco_field_spell(record, values[i]->field, room, text, length);
        *text = values[i]->text;
        *length = values[i]->length;
        return true;
    }
    if (!there && names->rating && strcmp(field, "rating") == 0) field = names->rating;
    return bco_field_spell(record, field, room, text, length);
}

enum bco_code bco_rules_check(const struct bco_rules *rules, struct bco_regex_match *match, struct bco_buf *room,
                              const struct bco_record *record, const struct bco_rule_names *names, int *broken,
                              struct bco_error *err) {
    *broken = -1;
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        const char *text;
        size_t length;
        bool found = subject(rule->field, room, record, names, &text, &length);
        if (room->failed) return bco_fail_memory(err);
        enum bco_code code = found ? bco_regex_find(rule->regex, match, text, length, &found, err) : BCO_OK;
        if (code == BCO_EDATA) bco_error_place(err, bco_record_file(record), bco_record_line(record), rule->field);
        if (code != BCO_OK) return code;
        if (found == rule->keep) continue;
        *broken = (int)i;
        return BCO_OK;
    }
    if (!rules->min_chars && !rules->max_chars) return BCO_OK;
    size_t characters = bco_value_characters(names->completion);
    if (characters < rules->min_chars) *broken = BCO_RULE_MIN_CHARS;
    if (rules->max_chars && characters > rules->max_chars) *broken = BCO_RULE_MAX_CHARS;
    return BCO_OK;
}

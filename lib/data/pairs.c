#include "base/fail.h"
#include "base/mem.h"
#include "data/pipeline.h"
#include "data/ranges.h"
#include "data/record.h"
#include "data/words.h"
#include "stream/utf8.h"

#include <bco/pairs.h>
#include <stdlib.h>
#include <string.h>

enum preferred { PREFER_A, PREFER_B, PREFER_TIE };

static const char *const sides[] = {"a", "b", "tie", NULL};

struct bco_pairs {
    struct bco_pairs_options options;
    bool by_preference; /* asked for: not only where there is no chosen and rejected */
    struct bco_words *words;
    struct bco_rules *rules;
};

void bco_pairs_free(struct bco_pairs *rule) {
    if (!rule) return;
    bco_words_free(rule->words);
    bco_rules_free(rule->rules);
    free(rule);
}

static void fill_defaults(struct bco_pairs_options *options) {
    if (!options->prompt) options->prompt = "prompt";
    if (!options->chosen) options->chosen = "chosen";
    if (!options->rejected) options->rejected = "rejected";
    if (!options->a) options->a = "response_a";
    if (!options->b) options->b = "response_b";
    if (!options->preference) options->preference = "preference";
    if (!options->prefer) options->prefer = "a=a,b=b,tie=tie,1=a,2=b,0=tie";
}

static enum bco_code check_options(const struct bco_pairs_options *options, struct bco_error *err) {
    if ((options->a || options->b || options->preference) && (options->chosen || options->rejected))
        return bco_fail(err, BCO_EUSAGE, "--chosen and --rejected need no --a, --b or --preference");
    if (options->implicit_prompt && options->prompt)
        return bco_fail(err, BCO_EUSAGE, "--implicit-prompt leaves no use for --prompt");
    return BCO_OK;
}

static enum bco_code check_fields(const struct bco_pairs_options *options, struct bco_error *err) {
    static const char *const names[] = {"--prompt", "--chosen", "--rejected"}, *const other_names[] = {"--prompt",
                                                                                                       "--a", "--b",
                                                                                                       "--preference"};
    const char *prompt = options->implicit_prompt ? NULL : options->prompt;
    const char *const fields[] = {prompt, options->chosen, options->rejected};
    const char *const other_fields[] = {prompt, options->a, options->b, options->preference};
    enum bco_code code = bco_fields_differ(names, fields, 3, err);
    return code == BCO_OK ? bco_fields_differ(other_names, other_fields, 4, err) : code;
}

enum bco_code bco_pairs_new(struct bco_pairs **rule, const struct bco_pairs_options *options, struct bco_error *err) {
    struct bco_pairs *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    made->options = *options;
    made->by_preference = options->a || options->b || options->preference;
    fill_defaults(&made->options);
    enum bco_code code = check_options(options, err);
    if (code == BCO_OK) code = check_fields(&made->options, err);
    if (code == BCO_OK) code = bco_words_parse(&made->words, "--prefer", made->options.prefer, sides, err);
    if (code == BCO_OK) code = bco_rules_new(&made->rules, &options->filter, err);
    if (code != BCO_OK)
        bco_pairs_free(made);
    else
        *rule = made;
    return code;
}

/* ---- which is which ------------------------------------------------------------------ */

/* One record's: its two sides in order, the prompt, and what was made for them. */
struct pair {
    struct bco_value prompt, side[2];
    bool up[2];
    bool tie;
    double weight;
    struct bco_buf made[3]; /* --implicit-prompt with messages: prompt and what is left of the sides */
};

static enum bco_code read_preference(const struct bco_pairs *rule, struct bco_judging *judging,
                                     const struct bco_record *record, enum preferred *preferred,
                                     struct bco_error *err) {
    const char *field = rule->options.preference, *text;
    size_t length;
    int word;
    double x;
    enum bco_kind kind = bco_record_kind(record, field);
    if (!bco_field_spell(record, field, &judging->room, &text, &length)) return bco_record_missing(record, field, err);
    enum bco_code code = bco_words_find(rule->words, judging->match, text, length, &word, err);
    if (code != BCO_OK) return code;
    bool is_number = (kind == BCO_NUMBER || kind == BCO_TEXT) && bco_number_parse(text, length, &x);
    if (word < 0 && is_number) word = bco_words_find_number(rule->words, x);
    if (word < 0)
        return bco_record_fail(record, field, err, "no preference, got '%.*s', expected one of: %s (--prefer)",
                               (int)bco_utf8_cut(text, length, 60), text, bco_words_list(rule->words));
    *preferred = (enum preferred)bco_words_meaning(rule->words, word);
    return BCO_OK;
}

static bool has_sides(const struct bco_pairs *rule, const struct bco_record *record) {
    return bco_record_kind(record, rule->options.chosen) != BCO_MISSING &&
           bco_record_kind(record, rule->options.rejected) != BCO_MISSING;
}

/* Chosen and rejected unless a preference was asked for, or is all there is. */
static bool prefers(const struct bco_pairs *rule, const struct bco_record *record) {
    if (rule->by_preference) return true;
    return !has_sides(rule, record) && bco_record_kind(record, rule->options.preference) != BCO_MISSING;
}

static enum bco_code read_sides(const struct bco_pairs *rule, struct bco_judging *judging,
                                const struct bco_record *record, struct pair *pair, struct bco_error *err) {
    const struct bco_pairs_options *o = &rule->options;
    bool by_preference = prefers(rule, record), strip = o->filter.strip && !o->implicit_prompt;
    enum preferred preferred = PREFER_A;
    enum bco_code code = by_preference ? read_preference(rule, judging, record, &preferred, err) : BCO_OK;
    if (code == BCO_OK) code = bco_value_read(record, by_preference ? o->a : o->chosen, strip, &pair->side[0], err);
    if (code == BCO_OK) code = bco_value_read(record, by_preference ? o->b : o->rejected, strip, &pair->side[1], err);
    if (code == BCO_OK && !o->implicit_prompt) code = bco_value_read(record, o->prompt, strip, &pair->prompt, err);
    if (code != BCO_OK) return code;
    pair->tie = preferred == PREFER_TIE;
    if (pair->tie && o->ties == BCO_TIES_ERROR)
        return bco_record_fail(record, o->preference, err, "a tie; --ties drop, up or down says what to do with it");
    pair->up[0] = pair->tie ? o->ties == BCO_TIES_UP : preferred == PREFER_A;
    pair->up[1] = pair->tie ? o->ties == BCO_TIES_UP : preferred == PREFER_B;
    return BCO_OK;
}

/* ---- the prompt that two dialogues begin with ------------------------------------------- */

/* Where the last line that begins with `Assistant:` ends its mark, inside `length` bytes; 0: nowhere. */
static size_t last_turn(const char *text, size_t length) {
    static const char mark[] = "Assistant:";
    size_t size = sizeof mark - 1;
    for (size_t i = length; i >= size; i--)
        if (memcmp(text + i - size, mark, size) == 0 && (i == size || text[i - size - 1] == '\n')) return i;
    return 0;
}

static enum bco_code split_texts(const struct bco_record *record, struct pair *pair, struct bco_error *err) {
    struct bco_value *a = &pair->side[0], *b = &pair->side[1];
    size_t least = a->length < b->length ? a->length : b->length, common = 0;
    while (common < least && a->text[common] == b->text[common]) common++;
    size_t prompt = last_turn(a->text, common);
    if (!prompt)
        return bco_record_fail(record, b->field, err,
                               "no turn in common with '%s', expected both to begin with the "
                               "same 'Assistant:' turn",
                               a->field);
    pair->prompt.text = a->text;
    pair->prompt.length = prompt;
    for (int i = 0; i < 2; i++) {
        pair->side[i].text += prompt;
        pair->side[i].length -= prompt;
        if (pair->side[i].length == 0)
            return bco_record_fail(record, pair->side[i].field, err, "nothing behind the last common turn");
    }
    return BCO_OK;
}

static bool same_message(const struct bco_json_member *a, const struct bco_json_member *b, bool *failed) {
    struct bco_buf left = {0}, right = {0};
    bco_json_canonical(&left, a->value, a->value_length);
    bco_json_canonical(&right, b->value, b->value_length);
    *failed = left.failed || right.failed;
    bool same = !*failed && left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
    bco_buf_free(&left);
    bco_buf_free(&right);
    return same;
}

/* `first`..`end` of the list's messages as a list; returns how many. */
static size_t part_of(const struct bco_value *list, size_t first, size_t end, struct bco_buf *part) {
    struct bco_json_member message;
    size_t i = 0, count = 0;
    bco_buf_char(part, '[');
    for (const char *at = NULL; i < end && bco_json_each(list->text, list->length, &at, &message); i++) {
        if (i < first) continue;
        if (count++) bco_buf_char(part, ',');
        bco_json_compact(part, message.value, message.value_length);
    }
    bco_buf_char(part, ']');
    return count;
}

static enum bco_code split_messages(const struct bco_record *record, struct pair *pair, struct bco_error *err) {
    struct bco_value *a = &pair->side[0], *b = &pair->side[1];
    struct bco_json_member left, right;
    const char *at_left = NULL, *at_right = NULL;
    size_t common = 0;
    bool failed = false;
    while (bco_json_each(a->text, a->length, &at_left, &left) && bco_json_each(b->text, b->length, &at_right, &right) &&
           same_message(&left, &right, &failed))
        common++;
    if (!common && !failed) return bco_record_fail(record, b->field, err, "no message in common with '%s'", a->field);
    part_of(a, 0, common, &pair->made[2]);
    for (int i = 0; i < 2; i++) {
        size_t left_over = part_of(&pair->side[i], common, SIZE_MAX, &pair->made[i]);
        if (!left_over && !failed)
            return bco_record_fail(record, pair->side[i].field, err, "no message behind those in common");
        failed |= pair->made[i].failed;
    }
    if (failed || pair->made[2].failed) return bco_fail_memory(err);
    for (int i = 0; i < 3; i++) {
        struct bco_value *value = i < 2 ? &pair->side[i] : &pair->prompt;
        value->messages = true;
        value->text = pair->made[i].data;
        value->length = pair->made[i].length;
    }
    return BCO_OK;
}

static enum bco_code split_prompt(const struct bco_pairs *rule, const struct bco_record *record, struct pair *pair,
                                  struct bco_error *err) {
    pair->prompt = (struct bco_value){.field = "prompt"};
    if (pair->side[0].messages != pair->side[1].messages)
        return bco_record_fail(record, pair->side[1].field, err, "got %s, expected the same kind as '%s'",
                               pair->side[1].messages ? "messages" : "a text", pair->side[0].field);
    enum bco_code code = (pair->side[0].messages ? split_messages : split_texts)(record, pair, err);
    if (code != BCO_OK || !rule->options.filter.strip) return code;
    code = bco_value_strip(record, &pair->prompt, err);
    for (int i = 0; i < 2 && code == BCO_OK; i++) code = bco_value_strip(record, &pair->side[i], err);
    return code;
}

/* ---- writing ------------------------------------------------------------------------------- */

static enum bco_code set_value(struct bco_record *record, const char *target, const struct bco_value *value,
                               struct bco_error *err) {
    return value->messages ? bco_record_set_json(record, target, value->text, value->length, err)
                           : bco_record_set_text(record, target, value->text, value->length, err);
}

static enum bco_code move_fields(const struct bco_pairs *rule, struct bco_record *record, const struct pair *pair,
                                 int i, struct bco_error *err) {
    const char *other = pair->side[!i].field;
    enum bco_code code = BCO_OK;
    if (bco_record_has(record, other)) code = bco_record_remove(record, other, err);
    if (code == BCO_OK && !rule->options.implicit_prompt) code = bco_value_move(record, &pair->prompt, "prompt", err);
    if (code == BCO_OK) code = bco_value_move(record, &pair->side[i], "completion", err);
    if (!rule->options.implicit_prompt || code != BCO_OK) return code;
    code = set_value(record, "completion", &pair->side[i], err);
    return code == BCO_OK ? set_value(record, "prompt", &pair->prompt, err) : code;
}

/* The record as it becomes one side's; the caller puts it back as it was. */
static enum bco_code emit(const struct bco_pairs *rule, struct bco_judging *judging, struct bco_record *record,
                          const struct pair *pair, int i, struct bco_error *err) {
    struct bco_item item = {.up = pair->up[i], .weight = pair->weight};
    struct bco_rule_names names = {&pair->prompt, &pair->side[i], NULL};
    int broken;
    enum bco_code code = bco_rules_check(judging->rules, judging->match, &judging->room, record, &names, &broken, err);
    if (code == BCO_OK && broken >= 0) {
        judging->counts->by_rule[broken]++;
        return BCO_OK;
    }
    if (code == BCO_OK) code = bco_item_hash(&item, &pair->prompt, &pair->side[i], err);
    if (code == BCO_OK) code = move_fields(rule, record, pair, i, err);
    if (code == BCO_OK && rule->options.weight_field) code = bco_record_set_number(record, "weight", pair->weight, err);
    if (code == BCO_OK) code = bco_record_set_bool(record, "label", item.up, err);
    return code == BCO_OK ? bco_judging_emit(judging, &item, record, err) : code;
}

static enum bco_code check_targets(const struct bco_pairs *rule, const struct bco_record *record,
                                   const struct pair *pair, struct bco_error *err) {
    const struct bco_pairs_options *o = &rule->options;
    const char *a = pair->side[0].field, *b = pair->side[1].field, *prompt = o->implicit_prompt ? a : o->prompt;
    const char *const to_prompt[] = {prompt, a, b, NULL}, *const to_completion[] = {a, b, prompt, NULL};
    const char *const to_label[] = {o->preference, a, b, prompt, NULL};
    const char *const to_weight[] = {o->weight_field, a, b, prompt, NULL};
    enum bco_code code = bco_target_check(record, "prompt", to_prompt, err);
    if (code == BCO_OK) code = bco_target_check(record, "completion", to_completion, err);
    if (code == BCO_OK) code = bco_target_check(record, "label", to_label, err);
    return code == BCO_OK && o->weight_field ? bco_target_check(record, "weight", to_weight, err) : code;
}

static enum bco_code read_weight(const struct bco_pairs *rule, const struct bco_record *record, double *weight,
                                 struct bco_error *err) {
    const char *field = rule->options.weight_field;
    return field ? bco_field_weight(record, field, weight, err) : bco_record_weight(record, "weight", weight, err);
}

static enum bco_code emit_both(const struct bco_pairs *rule, struct bco_judging *judging, struct bco_record *record,
                               const struct pair *pair, struct bco_error *err) {
    size_t count = record->count;
    struct bco_field *before = bco_malloc(count, sizeof *before);
    if (!before) return bco_fail_memory(err);
    memcpy(before, record->fields, count * sizeof *before);
    enum bco_code code = emit(rule, judging, record, pair, 0, err);
    memcpy(record->fields, before, count * sizeof *before);
    record->count = count;
    if (code == BCO_OK) code = emit(rule, judging, record, pair, 1, err);
    free(before);
    return code;
}

static enum bco_code judge(const void *user, struct bco_judging *judging, struct bco_record *record,
                           struct bco_error *err) {
    const struct bco_pairs *rule = user;
    struct pair pair = {0};
    enum bco_code code = read_sides(rule, judging, record, &pair, err);
    if (code == BCO_OK && rule->options.implicit_prompt) code = split_prompt(rule, record, &pair, err);
    if (code == BCO_OK) code = read_weight(rule, record, &pair.weight, err);
    if (code == BCO_OK) code = check_targets(rule, record, &pair, err);
    if (code == BCO_OK && pair.tie && rule->options.ties == BCO_TIES_DROP) {
        judging->counts->ties++;
    } else if (code == BCO_OK) {
        code = emit_both(rule, judging, record, &pair, err);
        judging->counts->split += code == BCO_OK;
    }
    for (int i = 0; i < 3; i++) bco_buf_free(&pair.made[i]);
    return code;
}

enum bco_code bco_pairs_run(const struct bco_pairs *rule, struct bco_reader *reader, struct bco_writer *out,
                            struct bco_writer *rejects, struct bco_filter_counts *counts, const struct bco_watch *watch,
                            struct bco_error *err) {
    const struct bco_pipeline pipeline = {.judge = judge,
                                          .rule = rule,
                                          .rules = rule->rules,
                                          .options = &rule->options.filter,
                                          .reader = reader,
                                          .out = out,
                                          .rejects = rejects,
                                          .watch = watch};
    return bco_pipeline_run(&pipeline, counts, err);
}

#include "base/fail.h"
#include "base/mem.h"
#include "data/pipeline.h"
#include "data/rating.h"
#include "data/record.h"

#include <bco/likert.h>
#include <stdlib.h>
#include <string.h>

struct bco_likert {
    struct bco_likert_options options;
    struct bco_rating_rule *rating;
    struct bco_rules *rules;
};

void bco_likert_free(struct bco_likert *rule) {
    if (!rule) return;
    bco_rating_rule_free(rule->rating);
    bco_rules_free(rule->rules);
    free(rule);
}

static enum bco_code check_fields(const struct bco_likert_options *options, struct bco_error *err) {
    static const char *const names[] = {"--prompt", "--completion", "--rating"};
    const char *const fields[] = {options->prompt, options->completion, options->rating};
    return bco_fields_differ(names, fields, 3, err);
}

enum bco_code bco_likert_new(struct bco_likert **rule, const struct bco_likert_options *options,
                             struct bco_error *err) {
    struct bco_likert *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    made->options = *options;
    if (!made->options.prompt) made->options.prompt = "prompt";
    if (!made->options.rating) made->options.rating = "rating";
    enum bco_code code = bco_rating_rule_new(&made->rating, options, true, err);
    if (code == BCO_OK) code = check_fields(&made->options, err);
    if (code == BCO_OK) code = bco_rules_new(&made->rules, &options->filter, err);
    if (code != BCO_OK)
        bco_likert_free(made);
    else
        *rule = made;
    return code;
}

/* ---- one record ------------------------------------------------------------------ */

/* Where the completion is: the field asked for, else the first of the usual two that is there. */
static const char *completion_field(const struct bco_likert *rule, const struct bco_record *record) {
    if (rule->options.completion) return rule->options.completion;
    if (bco_record_kind(record, "completion") == BCO_MISSING && bco_record_kind(record, "response") != BCO_MISSING)
        return "response";
    return "completion";
}

/* A third name helps where the two stand in each other's place. */
static enum bco_code move_fields(struct bco_record *record, const struct bco_value *prompt,
                                 const struct bco_value *completion, struct bco_error *err) {
    struct bco_value third = *completion;
    enum bco_code code = BCO_OK;
    if (strcmp(completion->field, "prompt") == 0) {
        third.field = "\x7f";
        code = bco_value_move(record, completion, third.field, err);
    }
    if (code == BCO_OK) code = bco_value_move(record, prompt, "prompt", err);
    if (code == BCO_OK) code = bco_value_move(record, &third, "completion", err);
    return code;
}

static enum bco_code convert(const struct bco_likert *rule, struct bco_record *record, const struct bco_value *prompt,
                             const struct bco_value *completion, bool up, struct bco_error *err) {
    const char *const to_prompt[] = {prompt->field, completion->field, NULL};
    const char *const to_completion[] = {completion->field, prompt->field, NULL};
    const char *const to_label[] = {rule->options.rating, prompt->field, completion->field, NULL};
    enum bco_code code = bco_target_check(record, "prompt", to_prompt, err);
    if (code == BCO_OK) code = bco_target_check(record, "completion", to_completion, err);
    if (code == BCO_OK) code = bco_target_check(record, "label", to_label, err);
    if (code == BCO_OK) code = move_fields(record, prompt, completion, err);
    if (code == BCO_OK) code = bco_record_set_bool(record, "label", up, err);
    return code;
}

/* ---- a record with the keys of the one before ---------------------------------------- */

enum { RATING, PROMPT, COMPLETION, WEIGHT, LABEL }; /* places */

/* Looks for the places of all the rule asks for. False: it is not as simple, or something is wrong. */
static bool find_places(const struct bco_likert *rule, const struct bco_record *record, const char *completion,
                        size_t places[BCO_PLACES]) {
    const char *const sources[] = {rule->options.rating, rule->options.prompt, completion, NULL};
    places[RATING] = bco_record_place(record, rule->options.rating);
    places[PROMPT] = bco_record_place(record, rule->options.prompt);
    places[COMPLETION] = bco_record_place(record, completion);
    places[WEIGHT] = bco_record_place(record, "weight");
    places[LABEL] = bco_record_place(record, "label");
    if (places[LABEL] == places[PROMPT] || places[LABEL] == places[COMPLETION]) places[LABEL] = BCO_NOWHERE;
    for (int i = RATING; i <= COMPLETION; i++)
        if (places[i] == BCO_NOWHERE) return false;
    if (places[PROMPT] == places[COMPLETION]) return false;
    return bco_target_check(record, "prompt", sources + 1, NULL) == BCO_OK &&
           bco_target_check(record, "completion", sources + 1, NULL) == BCO_OK &&
           bco_target_check(record, "label", sources, NULL) == BCO_OK;
}

/* Of a record whose shape was seen just before: where its fields are. NULL: they are looked for by name. */
static const size_t *places_of(const struct bco_likert *rule, struct bco_judging *judging,
                               const struct bco_record *record) {
    if (!record->shape) return NULL;
    if (record->shape == judging->shape) return judging->places;
    judging->shape = 0;
    if (!find_places(rule, record, completion_field(rule, record), judging->places)) return NULL;
    judging->shape = record->shape;
    return judging->places;
}

static enum bco_code convert_places(struct bco_record *record, const size_t *places, const struct bco_value *prompt,
                                    const struct bco_value *completion, bool up, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    bco_record_call(record, places[PROMPT], "prompt");
    bco_record_call(record, places[COMPLETION], "completion");
    if (prompt->stripped) code = bco_record_set_text(record, "prompt", prompt->text, prompt->length, err);
    if (code == BCO_OK && completion->stripped)
        code = bco_record_set_text(record, "completion", completion->text, completion->length, err);
    return code == BCO_OK ? bco_record_put_bool(record, places[LABEL], "label", up, err) : code;
}

/* ---- judging ------------------------------------------------------------------------------ */

/* What a record says. */
struct said {
    struct bco_rating rating;
    struct bco_value prompt, completion;
    double weight;
};

static enum bco_code read_names(const struct bco_likert *rule, struct bco_judging *judging,
                                const struct bco_record *record, struct said *said, struct bco_error *err) {
    const char *field = completion_field(rule, record);
    bool strip = rule->options.filter.strip;
    enum bco_code code = bco_rating_judge(rule->rating, judging->match, record, &said->rating, err);
    if (code == BCO_OK) code = bco_value_read(record, rule->options.prompt, strip, &said->prompt, err);
    if (code == BCO_OK) code = bco_value_read(record, field, strip, &said->completion, err);
    return code == BCO_OK ? bco_record_weight(record, "weight", &said->weight, err) : code;
}

static const char *name_of(const struct bco_likert *rule, const struct bco_field *completion) {
    if (rule->options.completion) return rule->options.completion;
    return completion->name_length == strlen("response") ? "response" : "completion";
}

static enum bco_code read_places(const struct bco_likert *rule, struct bco_judging *judging,
                                 const struct bco_record *record, const size_t *places, struct said *said,
                                 struct bco_error *err) {
    const struct bco_field *prompt = &record->fields[places[PROMPT]], *completion = &record->fields[places[COMPLETION]];
    bool strip = rule->options.filter.strip;
    enum bco_code code = bco_rating_judge_field(rule->rating, judging->match, record, &record->fields[places[RATING]],
                                                &said->rating, err);
    if (code == BCO_OK) code = bco_value_of(record, rule->options.prompt, prompt, strip, &said->prompt, err);
    if (code == BCO_OK)
        code = bco_value_of(record, name_of(rule, completion), completion, strip, &said->completion, err);
    said->weight = 1;
    return code == BCO_OK && places[WEIGHT] != BCO_NOWHERE ? bco_record_weight(record, "weight", &said->weight, err)
                                                           : code;
}

static enum bco_code judge(const void *user, struct bco_judging *judging, struct bco_record *record,
                           struct bco_error *err) {
    const struct bco_likert *rule = user;
    const size_t *places = places_of(rule, judging, record);
    struct said said;
    struct bco_rule_names names = {&said.prompt, &said.completion, rule->options.rating};
    struct bco_item item = {0};
    int broken = -1;
    enum bco_code code =
        places ? read_places(rule, judging, record, places, &said, err) : read_names(rule, judging, record, &said, err);
    if (code == BCO_OK)
        code = bco_rules_check(judging->rules, judging->match, &judging->room, record, &names, &broken, err);
    if (code == BCO_OK) code = bco_item_hash(&item, &said.prompt, &said.completion, err);
    if (code != BCO_OK) return code;
    item.up = said.rating.meaning == BCO_MEANS_UP;
    item.rating = said.rating.identity;
    item.weight = said.weight;
    code = places ? convert_places(record, places, &said.prompt, &said.completion, item.up, err)
                  : convert(rule, record, &said.prompt, &said.completion, item.up, err);
    if (code != BCO_OK) return code;
    if (broken >= 0)
        judging->counts->by_rule[broken]++;
    else if (said.rating.meaning == BCO_MEANS_DROP)
        judging->counts->by_rating++;
    else
        code = bco_judging_emit(judging, &item, record, err);
    return code;
}

enum bco_code bco_likert_run(const struct bco_likert *rule, struct bco_reader *reader, struct bco_writer *out,
                             struct bco_writer *rejects, struct bco_filter_counts *counts,
                             const struct bco_watch *watch, struct bco_error *err) {
    const struct bco_pipeline pipeline = {.judge = judge,
                                          .rule = rule,
                                          .rules = rule->rules,
                                          .options = &rule->options.filter,
                                          .reader = reader,
                                          .out = out,
                                          .rejects = rejects,
                                          .watch = watch};
    bco_rating_rule_warn(rule->rating, watch);
    return bco_pipeline_run(&pipeline, counts, err);
}

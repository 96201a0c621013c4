/* From binary records to binary records: text rules and balance. */
#include "base/fail.h"
#include "data/groups.h"
#include "data/pipeline.h"

#include <bco/balance.h>
#include <math.h>

static enum bco_code read_count(const struct bco_record *record, const char *field, double least, uint64_t *count,
                                struct bco_error *err) {
    double value;
    if (bco_record_kind(record, field) == BCO_MISSING) return bco_record_missing(record, field, err);
    if (!bco_record_number(record, field, &value) || value < least || value > 1e15 || value != floor(value))
        return bco_record_fail(record, field, err, "not a count, expected a whole number of %g or more", least);
    *count = (uint64_t)value;
    return BCO_OK;
}

static enum bco_code read_counts(const char *path, double least, uint64_t *up, uint64_t *down, struct bco_error *err) {
    const struct bco_reader_options options = {.format = BCO_FORMAT_JSONL};
    struct bco_reader *reader = NULL;
    struct bco_record *record = NULL;
    enum bco_code code = bco_reader_open(&reader, &path, 1, &options, err);
    if (code == BCO_OK) code = bco_reader_next(reader, &record, err);
    if (code == BCO_OK && !record) code = bco_fail_at(err, BCO_EDATA, path, 0, NULL, "no counts");
    if (code == BCO_OK) code = read_count(record, "up", least, up, err);
    if (code == BCO_OK) code = read_count(record, "down", least, down, err);
    bco_reader_close(reader);
    return code;
}

enum bco_code bco_balance_counts(const char *path, uint64_t *up, uint64_t *down, struct bco_error *err) {
    return read_counts(path, 1, up, down, err);
}

enum bco_code bco_balance_part(struct bco_filter_options *options, const char *const *paths, size_t count, size_t part,
                               struct bco_error *err) {
    options->given_up = options->given_down = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t up = 0, down = 0;
        enum bco_code code = read_counts(paths[i], 0, &up, &down, err);
        if (code != BCO_OK) return code;
        if (i == part) {
            options->before_up = options->given_up;
            options->before_down = options->given_down;
            options->part_up = up;
            options->part_down = down;
        }
        options->given_up += up;
        options->given_down += down;
    }
    if (!options->part_up && !options->part_down)
        return bco_fail(err, BCO_EDATA, "the counts tell of no records in this part");
    if (options->given_up && options->given_down) return BCO_OK;
    return bco_fail(err, BCO_EDATA, "the counts tell of no %s records", options->given_up ? "down" : "up");
}

struct rule {
    const struct bco_filter_options *options;
    const char *by;
    struct bco_groups *groups;
};

static enum bco_code set_stripped(struct bco_record *record, const struct bco_value *value, struct bco_error *err) {
    return value->stripped ? bco_record_set_text(record, value->field, value->text, value->length, err) : BCO_OK;
}

static enum bco_code judge(const void *user, struct bco_judging *judging, struct bco_record *record,
                           struct bco_error *err) {
    const struct rule *rule = user;
    const struct bco_sample_options options = {.need_label = true};
    struct bco_sample sample;
    struct bco_value prompt, completion;
    struct bco_rule_names names = {&prompt, &completion, NULL};
    struct bco_item item = {0};
    int broken = -1;
    enum bco_code code = bco_record_sample(record, &options, &sample, err);
    if (code == BCO_OK && sample.is_pair)
        code = bco_record_fail(record, "completion", err, "is missing: this is a pair, which pair2bin makes binary");
    if (code == BCO_OK) code = bco_value_read(record, "prompt", rule->options->strip, &prompt, err);
    if (code == BCO_OK) code = bco_value_read(record, "completion", rule->options->strip, &completion, err);
    if (code == BCO_OK)
        code = bco_rules_check(judging->rules, judging->match, &judging->room, record, &names, &broken, err);
    if (code == BCO_OK && rule->by) code = bco_groups_find(rule->groups, record, rule->by, &item.group, err);
    if (code == BCO_OK && broken >= 0) {
        judging->counts->by_rule[broken]++;
        return BCO_OK;
    }
    if (code == BCO_OK) code = bco_item_hash(&item, &prompt, &completion, err);
    if (code == BCO_OK) code = set_stripped(record, &prompt, err);
    if (code == BCO_OK) code = set_stripped(record, &completion, err);
    if (code != BCO_OK) return code;
    item.up = sample.label;
    item.weight = sample.weight;
    return bco_judging_emit(judging, &item, record, err);
}

enum bco_code bco_balance_run(const struct bco_filter_options *options, const char *by, struct bco_reader *reader,
                              struct bco_writer *out, struct bco_writer *rejects, struct bco_filter_counts *counts,
                              const struct bco_watch *watch, struct bco_error *err) {
    struct bco_filter_options own = *options;
    struct rule rule = {.options = &own, .by = by};
    struct bco_rules *rules = NULL;
    own.duplicates = BCO_DUPLICATES_KEEP;
    own.conflicts = BCO_CONFLICTS_KEEP;
    own.contrasted = false;
    if (by && own.given_up) return bco_fail(err, BCO_EUSAGE, "--by and --counts: the counts have no groups");
    enum bco_code code = bco_rules_new(&rules, &own, err);
    if (code == BCO_OK && by && !(rule.groups = bco_groups_new())) code = bco_fail_memory(err);
    const struct bco_pipeline pipeline = {.judge = judge,
                                          .rule = &rule,
                                          .rules = rules,
                                          .options = &own,
                                          .groups = rule.groups,
                                          .reader = reader,
                                          .out = out,
                                          .rejects = rejects,
                                          .watch = watch};
    if (code == BCO_OK) code = bco_pipeline_run(&pipeline, counts, err);
    bco_groups_free(rule.groups);
    bco_rules_free(rules);
    return code;
}

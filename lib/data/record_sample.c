/* What binary and pair records say. */
#include "base/fail.h"
#include "data/ranges.h"
#include "data/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LISTED = 12 }; /* names that "the record has ..." gives */

enum bco_code bco_record_missing(const struct bco_record *record, const char *field, struct bco_error *err) {
    struct bco_buf names = {0};
    for (size_t i = 0; i < record->count && i < LISTED; i++) {
        if (i) bco_buf_str(&names, ", ");
        bco_buf_add(&names, record->fields[i].name, record->fields[i].name_length);
    }
    if (record->count > LISTED) bco_buf_printf(&names, " and %zu more", record->count - LISTED);
    enum bco_code code = names.failed ? bco_fail_memory(err)
                         : record->count == 0
                             ? bco_record_fail(record, field, err, "is missing, the record has no fields")
                             : bco_record_fail(record, field, err, "is missing, the record has %s", names.data);
    bco_buf_free(&names);
    return code;
}

/* "...: WHAT, got 'VALUE'[, expected EXPECTED]" */
static enum bco_code refuse(const struct bco_record *record, const char *name, const struct bco_field *field,
                            const char *what, const char *expected, struct bco_error *err) {
    struct bco_buf shown = {0};
    bco_record_show(field, &shown);
    enum bco_code code = shown.failed ? bco_fail_memory(err)
                                      : bco_record_fail(record, name, err, "%s, got '%s'%s%s", what, shown.data,
                                                        expected ? ", expected " : "", expected ? expected : "");
    bco_buf_free(&shown);
    return code;
}

/* Escapes count: the longest spelling of "content" has six bytes a letter. */
static bool key_is(const struct bco_json_member *member, const char *name) {
    char key[48];
    if (member->key_length >= sizeof key) return false;
    size_t length = bco_json_unescape(key, member->key, member->key_length);
    return length == strlen(name) && memcmp(key, name, length) == 0;
}

static bool is_message(const struct bco_json_member *item) {
    struct bco_json_member member;
    bool role = false, content = false;
    if (item->kind != BCO_OBJECT) return false;
    for (const char *at = NULL; bco_json_each(item->value, item->value_length, &at, &member);) {
        if (member.kind != BCO_TEXT) continue;
        role |= key_is(&member, "role");
        content |= key_is(&member, "content");
    }
    return role && content;
}

static enum bco_code check_messages(const struct bco_record *record, const char *name, const struct bco_field *field,
                                    struct bco_error *err) {
    struct bco_json_member item;
    size_t count = 0;
    for (const char *at = NULL; bco_json_each(field->value, field->value_length, &at, &item); count++) {
        struct bco_field shown = {.value = item.value, .value_length = item.value_length};
        char what[64];
        if (is_message(&item)) continue;
        snprintf(what, sizeof what, "item %zu is no message", count + 1);
        return refuse(record, name, &shown, what, "an object with the texts role and content", err);
    }
    return count ? BCO_OK : bco_record_fail(record, name, err, "is an empty list");
}

enum bco_code bco_record_find_text(const struct bco_record *record, const char *name, struct bco_field *field,
                                   struct bco_error *err) {
    if (!bco_record_find(record, name, field)) return bco_record_missing(record, name, err);
    return bco_record_check_text(record, name, field, err);
}

enum bco_code bco_record_check_text(const struct bco_record *record, const char *name, const struct bco_field *field,
                                    struct bco_error *err) {
    if (field->kind == BCO_LIST) return check_messages(record, name, field, err);
    if (field->kind != BCO_TEXT)
        return refuse(record, name, field, "is not a text", "a text or a list of messages", err);
    return field->value_length > 2 ? BCO_OK : bco_record_fail(record, name, err, "is empty");
}

enum bco_code bco_record_get_text(const struct bco_record *record, const char *name, struct bco_text *text,
                                  struct bco_error *err) {
    struct bco_field field;
    *text = (struct bco_text){0};
    enum bco_code code = bco_record_find_text(record, name, &field, err);
    if (code) return code;
    text->text = field.value;
    text->length = field.value_length;
    text->messages = field.kind == BCO_LIST;
    if (!text->messages) bco_field_text(&field, &text->text, &text->length);
    return BCO_OK;
}

/* A text that is a label otherwise: what CSV makes of one. */
static bool is_label_text(const struct bco_field *field) {
    static const char *const texts[] = {"\"1\"", "\"0\"", "\"true\"", "\"false\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (field->value_length == strlen(texts[i]) && memcmp(field->value, texts[i], field->value_length) == 0)
            return true;
    return false;
}

static enum bco_code get_label(const struct bco_record *record, bool need, struct bco_sample *sample,
                               struct bco_error *err) {
    struct bco_field field;
    if (!bco_record_find(record, "label", &field)) return need ? bco_record_missing(record, "label", err) : BCO_OK;
    bool one = field.value_length == 1 && field.value[0] == '1',
         zero = field.value_length == 1 && field.value[0] == '0';
    if (field.kind != BCO_BOOL && !one && !zero)
        return refuse(record, "label", &field, "is not a label",
                      is_label_text(&field) ? "true, false, 1 or 0, not a text; CSV becomes records with likert2bin"
                                            : "true, false, 1 or 0",
                      err);
    sample->has_label = true;
    sample->label = one || field.value[0] == 't';
    return BCO_OK;
}

static bool is_number_text(const struct bco_field *field) {
    const char *text;
    size_t length;
    double x;
    if (field->kind != BCO_TEXT) return false;
    bco_field_text(field, &text, &length);
    return bco_number_parse(text, length, &x) && isfinite(x) && x >= 0;
}

enum bco_code bco_record_weight(const struct bco_record *record, const char *name, double *weight,
                                struct bco_error *err) {
    struct bco_field field;
    *weight = 1;
    if (!bco_record_find(record, name, &field)) return BCO_OK;
    if (bco_record_number(record, name, weight) && isfinite(*weight) && *weight >= 0) return BCO_OK;
    return refuse(record, name, &field, "is not a weight",
                  is_number_text(&field)
                      ? "a finite number from 0 on, not a text as in CSV; pair2bin --weight-field reads those of pairs"
                      : "a finite number from 0 on",
                  err);
}

/* Pairs have no completion of their own; a record with all of them is taken as binary. */
static bool looks_like_pair(const struct bco_record *record, const struct bco_sample_options *options) {
    const char *binary = options->ids ? "completion_ids" : "completion";
    const char *chosen = options->ids ? "chosen_ids" : "chosen", *rejected = options->ids ? "rejected_ids" : "rejected";
    if (bco_record_kind(record, binary) != BCO_MISSING) return false;
    return bco_record_kind(record, chosen) != BCO_MISSING || bco_record_kind(record, rejected) != BCO_MISSING;
}

static enum bco_code get_texts(const struct bco_record *record, struct bco_sample *sample, struct bco_error *err) {
    enum bco_code code = bco_record_get_text(record, "prompt", &sample->prompt, err);
    if (code) return code;
    code = bco_record_get_text(record, sample->is_pair ? "chosen" : "completion", &sample->completion, err);
    if (!code && sample->is_pair) code = bco_record_get_text(record, "rejected", &sample->rejected, err);
    return code;
}

enum bco_code bco_record_sample(const struct bco_record *record, const struct bco_sample_options *options,
                                struct bco_sample *sample, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    *sample = (struct bco_sample){.weight = 1};
    sample->is_pair = looks_like_pair(record, options);
    if (!options->ids) code = get_texts(record, sample, err);
    if (!code && !sample->is_pair) code = get_label(record, options->need_label, sample, err);
    return code ? code : bco_record_weight(record, "weight", &sample->weight, err);
}

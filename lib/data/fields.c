#include "data/fields.h"

#include "base/fail.h"
#include "data/record.h"

#include <stdlib.h>
#include <string.h>

enum { SEED_TEXT, SEED_MESSAGES }; /* so that a list and the text that spells it differ */

static enum bco_code bad_message(const struct bco_record *record, const char *field, size_t number, const char *what,
                                 struct bco_error *err) {
    return bco_record_fail(record, field, err, "message %zu %s, expected {\"role\": ..., \"content\": ...}", number,
                           what);
}

/* Each message is an object with a role; what else it holds is the chat template's business. */
static enum bco_code check_messages(const struct bco_record *record, const char *field, const struct bco_field *list,
                                    struct bco_error *err) {
    struct bco_json_member message, member;
    size_t number = 0;
    for (const char *at = NULL; bco_json_each(list->value, list->value_length, &at, &message);) {
        bool role = false;
        number++;
        if (message.kind != BCO_OBJECT) return bad_message(record, field, number, "is no object", err);
        for (const char *in = NULL; bco_json_each(message.value, message.value_length, &in, &member);)
            role |= member.kind == BCO_TEXT && member.key_length == 4 && memcmp(member.key, "role", 4) == 0;
        if (!role) return bad_message(record, field, number, "has no role", err);
    }
    return number ? BCO_OK : bco_record_fail(record, field, err, "no messages, expected one at least");
}

static enum bco_code hash_messages(const struct bco_field *list, struct bco_hash *hash, struct bco_error *err) {
    struct bco_buf text = {0};
    bco_json_canonical(&text, list->value, list->value_length);
    if (!text.failed) *hash = bco_hash_bytes(text.data, text.length, SEED_MESSAGES);
    enum bco_code code = text.failed ? bco_fail_memory(err) : BCO_OK;
    bco_buf_free(&text);
    return code;
}

enum bco_code bco_field_fingerprint(const struct bco_record *record, const char *field, struct bco_hash *hash,
                                    struct bco_error *err) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found)) return bco_record_missing(record, field, err);
    if (found.kind == BCO_LIST) {
        enum bco_code code = check_messages(record, field, &found, err);
        return code == BCO_OK ? hash_messages(&found, hash, err) : code;
    }
    if (found.kind != BCO_TEXT)
        return bco_record_fail(record, field, err, "got %s, expected a text or a list of messages",
                               bco_json_kind_words(found.kind));
    const char *text = found.value + 1;
    size_t length = found.value_length - 2;
    if (found.escaped) bco_record_text(record, field, &text, &length);
    if (length == 0) return bco_record_fail(record, field, err, "empty");
    *hash = bco_hash_bytes(text, length, SEED_TEXT);
    return BCO_OK;
}

bool bco_field_is_key(const struct bco_record *record, const char *field) {
    size_t length = strlen(field);
    for (size_t i = 0; i < record->count; i++)
        if (record->fields[i].name_length == length && memcmp(record->fields[i].name, field, length) == 0) return true;
    return false;
}

enum bco_code bco_field_move(struct bco_record *record, const char *source, const char *target, struct bco_error *err) {
    struct bco_field found;
    if (bco_field_is_key(record, source)) return bco_record_rename(record, source, target, err);
    if (!bco_record_find(record, source, &found)) return bco_record_missing(record, source, err);
    return bco_record_set_json(record, target, found.value, found.value_length, err);
}

#include "data/fields.h"

#include "base/fail.h"
#include "data/ranges.h"
#include "data/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED_TEXT, SEED_MESSAGES }; /* so that a list and the text that spells it differ */

/* ---- reading --------------------------------------------------------------------- */

/* Bytes of the blank that `text` begins with: what Unicode calls White_Space. 0: none. */
static size_t blank_length(const char *text, size_t length) {
    static const char *const wide[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8",
                                       "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    const unsigned char *c = (const unsigned char *)text;
    if (length == 0) return 0;
    if (*c == ' ' || (*c >= '\t' && *c <= '\r')) return 1;
    if (length >= 3 && c[0] == 0xE2 && c[1] == 0x80 && c[2] >= 0x80 && c[2] <= 0x8A) return 3;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t size = strlen(wide[i]);
        if (length >= size && memcmp(text, wide[i], size) == 0) return size;
    }
    return 0;
}

enum bco_code bco_value_strip(const struct bco_record *record, struct bco_value *value, struct bco_error *err) {
    size_t before = value->length, blank;
    if (value->messages) return BCO_OK;
    while ((blank = blank_length(value->text, value->length))) {
        value->text += blank;
        value->length -= blank;
    }
    for (;;) {
        size_t last = value->length;
        while (last > 0 && last + 3 > value->length && ((unsigned char)value->text[last - 1] & 0xC0) == 0x80) last--;
        if (last > 0) last--;
        if (last == value->length || blank_length(value->text + last, value->length - last) != value->length - last)
            break;
        value->length = last;
    }
    value->stripped |= value->length != before;
    return value->length ? BCO_OK : bco_record_fail(record, value->field, err, "is empty but for blanks");
}

enum bco_code bco_value_read(const struct bco_record *record, const char *field, bool strip, struct bco_value *value,
                             struct bco_error *err) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found)) return bco_record_missing(record, field, err);
    return bco_value_of(record, field, &found, strip, value, err);
}

enum bco_code bco_value_of(const struct bco_record *record, const char *field, const struct bco_field *found,
                           bool strip, struct bco_value *value, struct bco_error *err) {
    enum bco_code code = bco_record_check_text(record, field, found, err);
    if (code != BCO_OK) return code;
    *value = (struct bco_value){.field = field, .messages = found->kind == BCO_LIST};
    value->text = found->value;
    value->length = found->value_length;
    if (value->messages) return BCO_OK;
    value->text++;
    value->length -= 2;
    if (found->escaped) bco_field_text(found, &value->text, &value->length);
    return strip ? bco_value_strip(record, value, err) : BCO_OK;
}

bool bco_field_spell(const struct bco_record *record, const char *field, struct bco_buf *room, const char **text,
                     size_t *length) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found)) return false;
    *text = found.value;
    *length = found.value_length;
    if (found.kind == BCO_TEXT) bco_field_text(&found, text, length);
    if (found.kind != BCO_LIST && found.kind != BCO_OBJECT) return true;
    bco_buf_clear(room);
    bco_json_compact(room, found.value, found.value_length);
    *text = room->failed ? "" : room->data;
    *length = room->failed ? 0 : room->length;
    return true;
}

enum bco_code bco_field_weight(const struct bco_record *record, const char *field, double *weight,
                               struct bco_error *err) {
    struct bco_field found;
    const char *text;
    size_t length;
    if (!bco_record_find(record, field, &found)) return bco_record_missing(record, field, err);
    if (found.kind == BCO_TEXT) {
        bco_field_text(&found, &text, &length);
        if (bco_number_parse(text, length, weight) && isfinite(*weight) && *weight >= 0) return BCO_OK;
    }
    return bco_record_weight(record, field, weight, err);
}

enum bco_code bco_field_hash(const struct bco_record *record, const char *field, struct bco_hash *hash,
                             struct bco_error *err) {
    struct bco_field found;
    struct bco_value value = {.field = field};
    if (!bco_record_find(record, field, &found)) return bco_record_missing(record, field, err);
    value.messages = found.kind != BCO_TEXT;
    value.text = found.value;
    value.length = found.value_length;
    if (found.kind == BCO_TEXT) bco_field_text(&found, &value.text, &value.length);
    return bco_value_hash(&value, hash, err);
}

/* ---- measuring ---------------------------------------------------------------------- */

enum bco_code bco_value_hash(const struct bco_value *value, struct bco_hash *hash, struct bco_error *err) {
    if (!value->messages) {
        *hash = bco_hash_bytes(value->text, value->length, SEED_TEXT);
        return BCO_OK;
    }
    struct bco_buf text = {0};
    bco_json_canonical(&text, value->text, value->length);
    if (!text.failed) *hash = bco_hash_bytes(text.data, text.length, SEED_MESSAGES);
    enum bco_code code = text.failed ? bco_fail_memory(err) : BCO_OK;
    bco_buf_free(&text);
    return code;
}

static size_t characters(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* Of a JSON string, between its quotes: an escape is one, a pair of surrogates too. */
static size_t escaped_characters(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; count++) {
        if (text[i] == '\\') {
            bool pair = text[i + 1] == 'u' && (text[i + 2] | 32) == 'd' && strchr("89abAB", text[i + 3]);
            i += text[i + 1] != 'u' ? 2 : pair ? 12 : 6;
        } else {
            do i++;
            while (i < length && ((unsigned char)text[i] & 0xC0) == 0x80);
        }
    }
    return count;
}

size_t bco_value_characters(const struct bco_value *value) {
    struct bco_json_member message, member;
    size_t count = 0;
    if (!value->messages) return characters(value->text, value->length);
    for (const char *at = NULL; bco_json_each(value->text, value->length, &at, &message);)
        for (const char *in = NULL; bco_json_each(message.value, message.value_length, &in, &member);)
            if (member.kind == BCO_TEXT && member.key_length == 7 && memcmp(member.key, "content", 7) == 0)
                count += escaped_characters(member.value + 1, member.value_length - 2);
    return count;
}

/* ---- moving ---------------------------------------------------------------------------- */

enum bco_code bco_value_move(struct bco_record *record, const struct bco_value *value, const char *target,
                             struct bco_error *err) {
    struct bco_field found;
    enum bco_code code = BCO_OK;
    if (bco_record_has(record, value->field))
        code = bco_record_rename(record, value->field, target, err);
    else if (!value->stripped && bco_record_find(record, value->field, &found))
        code = bco_record_set_json(record, target, found.value, found.value_length, err);
    if (code == BCO_OK && value->stripped) code = bco_record_set_text(record, target, value->text, value->length, err);
    return code;
}

enum bco_code bco_target_check(const struct bco_record *record, const char *target, const char *const *sources,
                               struct bco_error *err) {
    if (!bco_record_has(record, target)) return BCO_OK;
    for (const char *const *source = sources; *source; source++)
        if (strcmp(*source, target) == 0) return BCO_OK;
    return bco_record_fail(record, target, err, "is there already, and '%s' should become it", *sources);
}

enum bco_code bco_fields_differ(const char *const *options, const char *const *fields, size_t count,
                                struct bco_error *err) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (fields[i] && fields[j] && strcmp(fields[i], fields[j]) == 0)
                return bco_fail(err, BCO_EUSAGE, "%s and %s are both '%s'", options[i], options[j], fields[i]);
    return BCO_OK;
}

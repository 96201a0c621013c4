#include "data/record.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { SHOWN = 60 };

/* ---- making and releasing ---- */

static void fill_field(struct bco_record *record, struct bco_field *field, const char *text,
                       const struct bco_json_member *member) {
    char *shadow = record->shadow + (member->key - text);
    *field = (struct bco_field){.name = member->key,
                                .name_length = member->key_length,
                                .key = member->key,
                                .key_length = member->key_length,
                                .value = member->value,
                                .value_length = member->value_length,
                                .kind = member->kind,
                                .escaped = member->escaped,
                                .blanks = member->blanks,
                                .decoded = record->shadow + (member->value - text)};
    if (!member->key_escaped) return;
    field->name = shadow;
    field->name_length = bco_json_unescape(shadow, member->key, member->key_length);
}

enum bco_code bco_record_fill(struct bco_record *record, const char *text, size_t length,
                              const struct bco_json_member *members, size_t count, struct bco_error *err) {
    bco_record_clear(record);
    if (!bco_grow((void **)&record->shadow, &record->shadow_capacity, length + 1, 1) ||
        !bco_grow((void **)&record->fields, &record->capacity, count, sizeof *record->fields))
        return bco_fail_memory(err);
    for (size_t i = 0; i < count; i++) fill_field(record, &record->fields[i], text, &members[i]);
    record->count = count;
    return BCO_OK;
}

void bco_record_clear(struct bco_record *record) {
    for (struct bco_block *block = record->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    record->blocks = NULL;
    record->room_used = 0;
    record->shape = 0;
    record->count = 0;
}

void bco_record_release(struct bco_record *record) {
    bco_record_clear(record);
    free(record->fields);
    free(record->shadow);
    free(record->own);
    bco_json_scan_free(&record->scan);
}

enum bco_code bco_record_parse(struct bco_record **record, const char *json, size_t length, struct bco_error *err) {
    *record = NULL;
    struct bco_record *r = bco_calloc(1, sizeof *r);
    if (!r) return bco_fail_memory(err);
    r->file = "";
    if (!json) json = "{}", length = 2;
    r->own = bco_strndup(json, length);
    enum bco_code code = r->own ? bco_json_scan_object(&r->scan, r->own, length, err) : bco_fail_memory(err);
    if (!code) code = bco_record_fill(r, r->own, length, r->scan.members, r->scan.count, err);
    if (code)
        bco_record_free(r);
    else
        *record = r;
    return code;
}

void bco_record_free(struct bco_record *record) {
    if (!record) return;
    bco_record_release(record);
    free(record);
}

/* ---- looking ---- */

const char *bco_record_file(const struct bco_record *record) {
    return record->file;
}

size_t bco_record_line(const struct bco_record *record) {
    return record->line;
}

/* Names of up to 16 bytes, nearly all, are compared as two words that may overlap, without a call. */
static bool same_name(const char *a, const char *b, size_t length) {
    uint64_t words[4];
    if (length < sizeof *words || length > 2 * sizeof *words) return memcmp(a, b, length) == 0;
    memcpy(&words[0], a, sizeof *words);
    memcpy(&words[1], b, sizeof *words);
    memcpy(&words[2], a + length - sizeof *words, sizeof *words);
    memcpy(&words[3], b + length - sizeof *words, sizeof *words);
    return words[0] == words[1] && words[2] == words[3];
}

static struct bco_field *own_field(const struct bco_record *record, const char *name, size_t length) {
    for (size_t i = 0; i < record->count; i++) {
        struct bco_field *field = &record->fields[i];
        if (field->name_length != length || (length && field->name[0] != name[0])) continue;
        if (same_name(field->name, name, length)) return field;
    }
    return NULL;
}

size_t bco_record_place(const struct bco_record *record, const char *key) {
    const struct bco_field *field = own_field(record, key, strlen(key));
    return field ? (size_t)(field - record->fields) : BCO_NOWHERE;
}

bool bco_record_has(const struct bco_record *record, const char *key) {
    return own_field(record, key, strlen(key)) != NULL;
}

/* The escaped key is decoded where its text has room: in the shadow. */
static bool key_is(const struct bco_field *parent, const struct bco_json_member *member, const char *name,
                   size_t length) {
    if (!member->key_escaped) return member->key_length == length && memcmp(member->key, name, length) == 0;
    char *decoded = parent->decoded + (member->key - parent->value);
    return bco_json_unescape(decoded, member->key, member->key_length) == length && memcmp(decoded, name, length) == 0;
}

static bool list_index(const char *name, size_t length, size_t *index) {
    *index = 0;
    if (!length || length > 9 || (length > 1 && name[0] == '0')) return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9') return false;
        *index = 10 * *index + (size_t)(name[i] - '0');
    }
    return true;
}

static bool child(const struct bco_field *parent, const char *name, size_t length, struct bco_field *found) {
    struct bco_json_member member;
    size_t index = 0, i = 0;
    if (parent->kind != BCO_OBJECT && parent->kind != BCO_LIST) return false;
    if (parent->kind == BCO_LIST && !list_index(name, length, &index)) return false;
    for (const char *at = NULL; bco_json_each(parent->value, parent->value_length, &at, &member); i++) {
        if (parent->kind == BCO_LIST ? i != index : !key_is(parent, &member, name, length)) continue;
        *found = (struct bco_field){.value = member.value,
                                    .value_length = member.value_length,
                                    .kind = member.kind,
                                    .escaped = member.escaped,
                                    .blanks = member.blanks,
                                    .decoded = parent->decoded + (member.value - parent->value)};
        return true;
    }
    return false;
}

bool bco_record_find(const struct bco_record *record, const char *field, struct bco_field *found) {
    size_t length = strlen(field);
    const struct bco_field *own = own_field(record, field, length);
    const char *dot = own ? NULL : memchr(field, '.', length);
    if (dot) own = own_field(record, field, (size_t)(dot - field));
    if (!own) return false;
    *found = *own;
    if (!dot) return true;
    for (const char *rest = dot + 1;;) {
        struct bco_field parent = *found;
        if (child(&parent, rest, strlen(rest), found)) return true;
        dot = strchr(rest, '.');
        if (!dot || !child(&parent, rest, (size_t)(dot - rest), found)) return false;
        rest = dot + 1;
    }
}

enum bco_kind bco_record_kind(const struct bco_record *record, const char *field) {
    struct bco_field found;
    return bco_record_find(record, field, &found) ? found.kind : BCO_MISSING;
}

bool bco_record_bool(const struct bco_record *record, const char *field, bool *value) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found) || found.kind != BCO_BOOL) return false;
    *value = found.value[0] == 't';
    return true;
}

void bco_field_number_text(const struct bco_field *field, const char **text, size_t *length) {
    memcpy(field->decoded, field->value, field->value_length);
    field->decoded[field->value_length] = '\0';
    *text = field->decoded;
    *length = field->value_length;
}

void bco_field_text(const struct bco_field *field, const char **text, size_t *length) {
    size_t inside = field->value_length - 2;
    char *to = field->decoded + 1;
    if (field->escaped)
        inside = bco_json_unescape(to, field->value + 1, inside);
    else
        memcpy(to, field->value + 1, inside);
    to[inside] = '\0';
    *text = to;
    *length = inside;
}

bool bco_record_number_text(const struct bco_record *record, const char *field, const char **text, size_t *length) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found) || found.kind != BCO_NUMBER) return false;
    bco_field_number_text(&found, text, length);
    return true;
}

/* yyjson reads numbers without looking at the locale; what is too large it refuses. */
static double number_of(const char *text) {
    yyjson_val value;
    const char *end = yyjson_read_number(text, &value, 0, NULL, NULL);
    if (!end) return text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    return yyjson_get_num(&value);
}

bool bco_record_number(const struct bco_record *record, const char *field, double *value) {
    const char *text;
    size_t length;
    if (!bco_record_number_text(record, field, &text, &length)) return false;
    *value = number_of(text);
    return true;
}

bool bco_record_text(const struct bco_record *record, const char *field, const char **text, size_t *length) {
    struct bco_field found;
    if (!bco_record_find(record, field, &found) || found.kind != BCO_TEXT) return false;
    bco_field_text(&found, text, length);
    return true;
}

char *bco_record_json(const struct bco_record *record, const char *field, size_t *length) {
    struct bco_field found;
    struct bco_buf buf = {0};
    if (!field)
        bco_record_write(record, &buf);
    else if (!bco_record_find(record, field, &found))
        return NULL;
    else
        bco_json_compact(&buf, found.value, found.value_length);
    if (buf.failed) {
        bco_buf_free(&buf);
        return NULL;
    }
    *length = buf.length;
    return buf.data;
}

char *bco_record_canonical(const struct bco_record *record, const char *field, size_t *length) {
    struct bco_field found;
    struct bco_buf buf = {0};
    if (!bco_record_find(record, field, &found)) return NULL;
    bco_json_canonical(&buf, found.value, found.value_length);
    if (buf.failed) {
        bco_buf_free(&buf);
        return NULL;
    }
    *length = buf.length;
    return buf.data;
}

void bco_record_show(const struct bco_field *field, struct bco_buf *text) {
    struct bco_buf whole = {0};
    bco_json_compact(&whole, field->value, field->value_length < 4096 ? field->value_length : 4096);
    size_t shown = whole.failed || !whole.data ? 0 : bco_utf8_cut(whole.data, whole.length, SHOWN);
    bco_buf_add(text, whole.data, shown);
    if (shown < whole.length) bco_buf_str(text, "...");
    bco_buf_free(&whole);
}

enum bco_code bco_record_fail(const struct bco_record *record, const char *field, struct bco_error *err,
                              const char *format, ...) {
    char message[BCO_ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return bco_fail_at(err, BCO_EDATA, record->file, record->line, field, "%s", message);
}

/* ---- a list of ids ---- */

static bool one_id(const struct bco_json_member *member, int32_t *id) {
    uint64_t value = 0;
    if (member->kind != BCO_NUMBER || member->value_length > 10) return false;
    for (size_t i = 0; i < member->value_length; i++) {
        char c = member->value[i];
        if (c < '0' || c > '9') return false;
        value = 10 * value + (uint64_t)(c - '0');
    }
    *id = (int32_t)value;
    return value <= INT32_MAX;
}

enum bco_code bco_record_ids(const struct bco_record *record, const char *field, int32_t **ids, size_t *count,
                             struct bco_error *err) {
    struct bco_field found;
    struct bco_json_member member;
    size_t capacity = 0, n = 0;
    int32_t *list = NULL;
    enum bco_code code = BCO_OK;
    *ids = NULL;
    *count = 0;
    if (!bco_record_find(record, field, &found)) return bco_record_missing(record, field, err);
    if (found.kind != BCO_LIST)
        return bco_record_fail(record, field, err, "is not a list of token ids, got %s",
                               bco_json_kind_words(found.kind));
    for (const char *at = NULL; !code && bco_json_each(found.value, found.value_length, &at, &member); n++) {
        if (!bco_grow((void **)&list, &capacity, n + 1, sizeof *list))
            code = bco_fail_memory(err);
        else if (!one_id(&member, &list[n]))
            code = bco_record_fail(record, field, err, "item %zu is no token id, got '%.*s', expected 0 to 2147483647",
                                   n + 1, (int)bco_utf8_cut(member.value, member.value_length, SHOWN), member.value);
    }
    if (!code && !list && !(list = bco_malloc(1, sizeof *list))) code = bco_fail_memory(err);
    if (code) {
        free(list);
        return code;
    }
    *ids = list;
    *count = n;
    return BCO_OK;
}

/* ---- changing ---- */

static char *take(struct bco_record *record, size_t bytes) {
    size_t size;
    if (bytes <= sizeof record->room - record->room_used) {
        char *at = record->room + record->room_used;
        record->room_used += bytes;
        return at;
    }
    if (!bco_size_add(bytes, sizeof(struct bco_block), &size)) return NULL;
    struct bco_block *block = malloc(size);
    if (!block) return NULL;
    block->next = record->blocks;
    record->blocks = block;
    return block->bytes;
}

static bool is_plain(const char *name) {
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == '"' || *name == '\\') return false;
    return true;
}

/* Gives the field a name that was not there: the name itself, and as JSON. */
static bool name_field(struct bco_record *record, struct bco_field *field, const char *name) {
    struct bco_buf json = {0};
    size_t length = strlen(name);
    if (is_plain(name)) {
        char *plain = take(record, length);
        if (!plain) return false;
        memcpy(plain, name, length);
        field->name = field->key = plain;
        field->name_length = field->key_length = length;
        return true;
    }
    bco_buf_json_string(&json, name, length);
    char *copy = json.failed ? NULL : take(record, length + json.length);
    if (copy) {
        memcpy(copy, name, length);
        memcpy(copy + length, json.data + 1, json.length - 2);
        field->name = copy;
        field->name_length = length;
        field->key = copy + length;
        field->key_length = json.length - 2;
    }
    bco_buf_free(&json);
    return copy != NULL;
}

static bool append_field(struct bco_record *record, const char *name) {
    struct bco_field field = {0};
    if (!bco_grow((void **)&record->fields, &record->capacity, record->count + 1, sizeof *record->fields) ||
        !name_field(record, &field, name))
        return false;
    record->fields[record->count++] = field;
    return true;
}

/* `value` is copied, with room behind it to decode it in. */
static enum bco_code set_value(struct bco_record *record, const char *name, const char *value, size_t length,
                               struct bco_error *err) {
    size_t room;
    if (!bco_size_mul(length, 2, &room) || !bco_size_add(room, 1, &room)) return bco_fail_memory(err);
    char *copy = take(record, room);
    if (!copy) return bco_fail_memory(err);
    struct bco_field *field = own_field(record, name, strlen(name));
    if (!field) {
        if (!append_field(record, name)) return bco_fail_memory(err);
        field = &record->fields[record->count - 1];
    }
    memcpy(copy, value, length);
    field->value = copy;
    field->value_length = length;
    field->decoded = copy + length;
    field->kind = bco_json_kind(copy);
    field->escaped = field->kind == BCO_TEXT && memchr(copy, '\\', length) != NULL;
    field->blanks = field->kind == BCO_LIST || field->kind == BCO_OBJECT;
    return BCO_OK;
}

enum bco_code bco_record_set_bool(struct bco_record *record, const char *field, bool value, struct bco_error *err) {
    return set_value(record, field, value ? "true" : "false", value ? 4 : 5, err);
}

void bco_record_call(struct bco_record *record, size_t place, const char *name) {
    struct bco_field *field = &record->fields[place];
    field->name = field->key = name;
    field->name_length = field->key_length = strlen(name);
}

enum bco_code bco_record_put_bool(struct bco_record *record, size_t place, const char *name, bool value,
                                  struct bco_error *err) {
    if (place == BCO_NOWHERE) {
        if (!bco_grow((void **)&record->fields, &record->capacity, record->count + 1, sizeof *record->fields))
            return bco_fail_memory(err);
        record->fields[place = record->count++] = (struct bco_field){0};
        bco_record_call(record, place, name);
    }
    struct bco_field *field = &record->fields[place];
    field->value = value ? "true" : "false";
    field->value_length = value ? 4 : 5;
    field->kind = BCO_BOOL;
    field->escaped = field->blanks = false;
    return BCO_OK;
}

static enum bco_code set_buf(struct bco_record *record, const char *field, struct bco_buf *json,
                             struct bco_error *err) {
    enum bco_code code = json->failed ? bco_fail_memory(err) : set_value(record, field, json->data, json->length, err);
    bco_buf_free(json);
    return code;
}

enum bco_code bco_record_set_number(struct bco_record *record, const char *field, double value, struct bco_error *err) {
    struct bco_buf json = {0};
    bco_buf_double(&json, value);
    return set_buf(record, field, &json, err);
}

enum bco_code bco_record_set_text(struct bco_record *record, const char *field, const char *text, size_t length,
                                  struct bco_error *err) {
    struct bco_buf json = {0};
    bco_buf_json_string(&json, text, length);
    return set_buf(record, field, &json, err);
}

enum bco_code bco_record_set_json(struct bco_record *record, const char *field, const char *json, size_t length,
                                  struct bco_error *err) {
    return set_value(record, field, json, length, err);
}

enum bco_code bco_record_rename(struct bco_record *record, const char *from, const char *to, struct bco_error *err) {
    struct bco_field *field = own_field(record, from, strlen(from));
    if (!field || strcmp(from, to) == 0) return BCO_OK;
    if (own_field(record, to, strlen(to)))
        return bco_record_fail(record, to, err, "is there already, and '%s' cannot be renamed to it", from);
    return name_field(record, field, to) ? BCO_OK : bco_fail_memory(err);
}

enum bco_code bco_record_remove(struct bco_record *record, const char *field, struct bco_error *err) {
    struct bco_field *found = own_field(record, field, strlen(field));
    (void)err;
    if (!found) return BCO_OK;
    size_t behind = record->count - (size_t)(found - record->fields) - 1;
    memmove(found, found + 1, behind * sizeof *found);
    record->count--;
    return BCO_OK;
}

/* ---- as text ---- */

static char *put(char *to, const char *bytes, size_t length) {
    memcpy(to, bytes, length);
    return to + length;
}

/* Room for all is made once; only values with blanks in them go through the slower door. */
void bco_record_write(const struct bco_record *record, struct bco_buf *to) {
    size_t need = 2;
    for (size_t i = 0; i < record->count; i++)
        need += record->fields[i].key_length + record->fields[i].value_length + sizeof ",\"\":";
    if (!bco_buf_reserve(to, need)) return;
    to->data[to->length++] = '{';
    for (size_t i = 0; i < record->count; i++) {
        const struct bco_field *field = &record->fields[i];
        char *at = to->data + to->length;
        at = put(at, i ? ",\"" : "\"", i ? 2 : 1);
        at = put(at, field->key, field->key_length);
        at = put(at, "\":", 2);
        if (!field->blanks) at = put(at, field->value, field->value_length);
        to->length = (size_t)(at - to->data);
        if (field->blanks) bco_json_compact(to, field->value, field->value_length);
    }
    bco_buf_char(to, '}');
}

/* Walking through JSON that a scan has found to be good. */
#include "base/mem.h"
#include "stream/json.h"
#include "stream/utf8.h"

#include <stdlib.h>
#include <string.h>

enum bco_kind bco_json_kind(const char *value) {
    switch (*value) {
    case '{': return BCO_OBJECT;
    case '[': return BCO_LIST;
    case '"': return BCO_TEXT;
    case 't':
    case 'f': return BCO_BOOL;
    case 'n': return BCO_NULL;
    default: return BCO_NUMBER;
    }
}

const char *bco_json_kind_words(enum bco_kind kind) {
    static const char *const words[] = {"nothing", "null",   "true or false", "a number",
                                        "a text",  "a list", "an object"};
    return words[kind];
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

long bco_json_hex4(const char *p, const char *end) {
    long code = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) return -1;
        code = code << 4 | digit;
    }
    return code;
}

static const char *after_string(const char *p, const char *end) {
    for (;;) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        if (!quote) return end;
        const char *slash = quote;
        while (slash > p && slash[-1] == '\\') slash--;
        if ((quote - slash) % 2 == 0) return quote + 1;
        p = quote + 1;
    }
}

static bool blank(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool ends_scalar(char c) {
    return c == ',' || c == '}' || c == ']' || blank(c);
}

const char *bco_json_skip(const char *value, const char *end) {
    const char *p = value;
    size_t depth = 0;
    if (*p == '"') return after_string(p + 1, end);
    if (*p != '{' && *p != '[') {
        while (p < end && !ends_scalar(*p)) p++;
        return p;
    }
    while (p < end) {
        char c = *p++;
        if (c == '"') p = after_string(p, end);
        if (c == '{' || c == '[') depth++;
        if ((c == '}' || c == ']') && --depth == 0) break;
    }
    return p;
}

static const char *over_blanks(const char *p, const char *end) {
    while (p < end && blank(*p)) p++;
    return p;
}

bool bco_json_each(const char *value, size_t length, const char **at, struct bco_json_member *member) {
    const char *end = value + length, *p = over_blanks(*at ? *at : value + 1, end);
    *member = (struct bco_json_member){0};
    if (*at && *p == ',') p = over_blanks(p + 1, end);
    if (p >= end || *p == '}' || *p == ']') return false;
    if (*value == '{') {
        const char *behind = after_string(p + 1, end);
        member->key = p + 1;
        member->key_length = (size_t)(behind - p) - 2;
        member->key_escaped = memchr(member->key, '\\', member->key_length) != NULL;
        p = over_blanks(over_blanks(behind, end) + 1, end);
    }
    *at = bco_json_skip(p, end);
    member->value = p;
    member->value_length = (size_t)(*at - p);
    member->kind = bco_json_kind(p);
    member->escaped = member->kind == BCO_TEXT && memchr(p, '\\', member->value_length) != NULL;
    member->blanks = true;
    return true;
}

static char meant_by(char escape) {
    switch (escape) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'b': return '\b';
    case 'f': return '\f';
    default: return escape;
    }
}

static size_t unescape_one(char *to, const char **from) {
    const char *p = *from + 1;
    if (*p != 'u') {
        *to = meant_by(*p);
        *from = p + 1;
        return 1;
    }
    long code = bco_json_hex4(p + 1, p + 5);
    p += 5;
    if (bco_json_high(code)) {
        code = 0x10000 + ((code - 0xD800) << 10) + (bco_json_hex4(p + 2, p + 6) - 0xDC00);
        p += 6;
    }
    *from = p;
    return bco_utf8_write(to, (uint32_t)code);
}

size_t bco_json_unescape(char *to, const char *from, size_t length) {
    const char *end = from + length;
    char *start = to;
    while (from < end) {
        const char *slash = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((slash ? slash : end) - from);
        memcpy(to, from, plain);
        to += plain;
        from += plain;
        if (slash) to += unescape_one(to, &from);
    }
    return (size_t)(to - start);
}

void bco_json_compact(struct bco_buf *buf, const char *value, size_t length) {
    const char *p = value, *end = value + length;
    while (p < end) {
        const char *from = p;
        while (p < end && !blank(*p)) p = *p == '"' ? after_string(p + 1, end) : p + 1;
        bco_buf_add(buf, from, (size_t)(p - from));
        p = over_blanks(p, end);
    }
}

/* ---- one text for equal values ---- */

struct entry {
    char *key;
    size_t key_length;
    const char *value;
    size_t value_length;
};

static int by_key(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    size_t common = a->key_length < b->key_length ? a->key_length : b->key_length;
    int order = memcmp(a->key, b->key, common);
    return order ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

static void canonical_string(struct bco_buf *buf, const char *value, size_t length) {
    char *text = bco_malloc(length, 1);
    if (!text) {
        buf->failed = true;
        return;
    }
    size_t bytes = bco_json_unescape(text, value + 1, length - 2);
    bco_buf_json_string(buf, text, bytes);
    free(text);
}

static bool add_entry(struct entry **entries, size_t *count, size_t *capacity, const struct bco_json_member *member) {
    if (!bco_grow((void **)entries, capacity, *count + 1, sizeof **entries)) return false;
    struct entry *entry = &(*entries)[*count];
    *entry = (struct entry){.value = member->value, .value_length = member->value_length};
    entry->key = bco_malloc(member->key_length + 1, 1);
    if (!entry->key) return false;
    entry->key_length = bco_json_unescape(entry->key, member->key, member->key_length);
    (*count)++;
    return true;
}

static void canonical_object(struct bco_buf *buf, const char *value, size_t length) {
    struct bco_json_member member;
    struct entry *entries = NULL;
    size_t count = 0, capacity = 0;
    for (const char *at = NULL; bco_json_each(value, length, &at, &member);)
        if (!add_entry(&entries, &count, &capacity, &member)) {
            buf->failed = true;
            break;
        }
    if (count) qsort(entries, count, sizeof *entries, by_key);
    bco_buf_char(buf, '{');
    for (size_t i = 0; i < count; i++) {
        if (i) bco_buf_char(buf, ',');
        bco_buf_json_string(buf, entries[i].key, entries[i].key_length);
        bco_buf_char(buf, ':');
        bco_json_canonical(buf, entries[i].value, entries[i].value_length);
        free(entries[i].key);
    }
    bco_buf_char(buf, '}');
    free(entries);
}

static void canonical_list(struct bco_buf *buf, const char *value, size_t length) {
    struct bco_json_member member;
    bool first = true;
    bco_buf_char(buf, '[');
    for (const char *at = NULL; bco_json_each(value, length, &at, &member); first = false) {
        if (!first) bco_buf_char(buf, ',');
        bco_json_canonical(buf, member.value, member.value_length);
    }
    bco_buf_char(buf, ']');
}

/* It calls itself no deeper than BCO_JSON_DEPTH. */
void bco_json_canonical(struct bco_buf *buf, const char *value, size_t length) {
    switch (bco_json_kind(value)) {
    case BCO_OBJECT: canonical_object(buf, value, length); break;
    case BCO_LIST: canonical_list(buf, value, length); break;
    case BCO_TEXT: canonical_string(buf, value, length); break;
    default: bco_buf_add(buf, value, length); break;
    }
}

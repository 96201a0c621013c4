#include "stream/json.h"

#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "stream/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FEW_KEYS = 8, SHOWN = 60 };

struct state {
    struct bco_json_scan *scan;
    const char *text, *p, *end;
    size_t depth;
    size_t first_key[BCO_JSON_DEPTH + 1]; /* of the object at this depth */
    bool object[BCO_JSON_DEPTH + 1];
    bool blanks;      /* since the top-level member began */
    const char *what; /* went wrong; NULL: memory */
    const char *where;
    const struct bco_json_key *twice; /* the key that stands there twice */
};

static bool wrong(struct state *s, const char *what) {
    s->what = what;
    s->where = s->p;
    return false;
}

static int peek(const struct state *s) {
    return s->p < s->end ? (unsigned char)*s->p : -1;
}

static void skip_blanks(struct state *s) {
    const char *from = s->p;
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')) s->p++;
    if (s->p != from) s->blanks = true;
}

/* Letters that need no look: not a quote, a backslash, a control character, or the start of more than one byte. */
static bool plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#ifdef __SSE2__ /* always on x86-64; half the time of a scan goes into this loop */
static const char *plain_run(const char *p, const char *end) {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' ');
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        /* as signed bytes, those from 0x80 on are below the blank too */
        int mask = _mm_movemask_epi8(_mm_or_si128(stop, _mm_cmplt_epi8(x, blank)));
        if (mask) return p + __builtin_ctz((unsigned)mask);
    }
    while (p < end && plain((unsigned char)*p)) p++;
    return p;
}
#else
static const char *plain_run(const char *p, const char *end) {
    while (p < end && plain((unsigned char)*p)) p++;
    return p;
}
#endif

static bool simple_escape(char c) {
    return c == 'n' || c == '"' || c == '\\' || c == 't' || c == '/' || c == 'r' || c == 'b' || c == 'f';
}

static bool scan_escape(struct state *s) {
    if (s->end - s->p < 2) {
        s->p = s->end;
        return wrong(s, "ends inside a string");
    }
    if (s->p[1] != 'u') {
        if (!simple_escape(s->p[1])) return wrong(s, "unknown escape");
        s->p += 2;
        return true;
    }
    long code = bco_json_hex4(s->p + 2, s->end);
    if (code < 0) return wrong(s, "broken \\u escape");
    if (bco_json_low(code)) return wrong(s, "lone surrogate escape");
    if (bco_json_high(code)) {
        if (s->end - s->p < 12 || s->p[6] != '\\' || s->p[7] != 'u' || !bco_json_low(bco_json_hex4(s->p + 8, s->end)))
            return wrong(s, "lone surrogate escape");
        s->p += 6;
    }
    s->p += 6;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool scan_string(struct state *s, bool *escaped) {
    *escaped = false;
    for (;;) {
        s->p = plain_run(s->p, s->end);
        if (s->p == s->end) return wrong(s, "ends inside a string");
        unsigned char c = (unsigned char)*s->p;
        if (c == '"') {
            s->p++;
            return true;
        }
        if (c == '\\') {
            *escaped = true;
            if (!scan_escape(s)) return false;
        } else if (c < 0x20) {
            return wrong(s, "control character in a string");
        } else {
            size_t bytes = bco_utf8_character(s->p, (size_t)(s->end - s->p), NULL);
            if (!bytes) return wrong(s, "not UTF-8");
            s->p += bytes;
        }
    }
}

static bool digits(struct state *s) {
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
    return s->p != from || wrong(s, s->p == s->end ? "ends inside a number" : "broken number");
}

static bool scan_number(struct state *s) {
    if (*s->p == '-') s->p++;
    if (peek(s) == '0')
        s->p++;
    else if (!digits(s))
        return false;
    if (peek(s) == '.') {
        s->p++;
        if (!digits(s)) return false;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->p++;
        if (peek(s) == '+' || peek(s) == '-') s->p++;
        if (!digits(s)) return false;
    }
    return true;
}

static bool scan_word(struct state *s, const char *word) {
    size_t length = strlen(word), left = (size_t)(s->end - s->p);
    if (left < length && memcmp(s->p, word, left) == 0) return wrong(s, "ends inside a word");
    if (left < length || memcmp(s->p, word, length) != 0) return wrong(s, "unexpected character");
    s->p += length;
    return true;
}

static bool scan_scalar(struct state *s, bool *escaped) {
    switch (peek(s)) {
    case -1: return wrong(s, "ends where a value should be");
    case '"': s->p++; return scan_string(s, escaped);
    case 't': return scan_word(s, "true");
    case 'f': return scan_word(s, "false");
    case 'n': return scan_word(s, "null");
    default: break;
    }
    if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9')) return scan_number(s);
    return wrong(s, "unexpected character");
}

static bool key_text(const struct bco_json_key *key, struct bco_buf *buf) {
    bco_buf_clear(buf);
    char *to = bco_buf_reserve(buf, key->length);
    if (!to) return false;
    buf->length = bco_json_unescape(to, key->text, key->length);
    return true;
}

/* False also when memory fails: then `twice` stays NULL. */
static bool keys_differ(struct state *s, const struct bco_json_key *a, const struct bco_json_key *b) {
    if (!a->escaped && !b->escaped) {
        if (a->length != b->length || memcmp(a->text, b->text, a->length) != 0) return true;
        s->twice = b;
        return false;
    }
    struct bco_buf left = {0}, right = {0};
    bool differ = false;
    if (key_text(a, &left) && key_text(b, &right)) {
        differ = left.length != right.length || memcmp(left.data, right.data, left.length) != 0;
        if (!differ) s->twice = b;
    }
    bco_buf_free(&left);
    bco_buf_free(&right);
    return differ;
}

static int by_hash(const void *left, const void *right) {
    const struct bco_json_key *a = left, *b = right;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return (a->text > b->text) - (a->text < b->text);
}

static bool hash_keys(struct bco_json_key *keys, size_t count) {
    struct bco_buf buf = {0};
    bool fine = true;
    for (size_t i = 0; i < count && fine; i++) {
        if (!keys[i].escaped) {
            keys[i].hash = bco_hash_bytes(keys[i].text, keys[i].length, 0).low;
        } else if ((fine = key_text(&keys[i], &buf))) {
            keys[i].hash = bco_hash_bytes(buf.data, buf.length, 0).low;
        }
    }
    bco_buf_free(&buf);
    return fine;
}

/* At the end of an object. Few keys are compared with each other, many through their hashes. */
static bool keys_unique(struct state *s, size_t first) {
    struct bco_json_key *keys = s->scan->keys + first;
    size_t count = s->scan->key_count - first;
    bool many = count > FEW_KEYS;
    s->scan->key_count = first;
    if (many) {
        if (!hash_keys(keys, count)) return false;
        qsort(keys, count, sizeof *keys, by_hash);
    }
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j-- > 0;) {
            if (many && keys[j].hash != keys[i].hash) break;
            if (!keys_differ(s, &keys[j], &keys[i])) return false;
        }
    return true;
}

static struct bco_json_member *new_member(struct state *s, const struct bco_json_key *key) {
    struct bco_json_scan *scan = s->scan;
    if (!bco_grow((void **)&scan->members, &scan->capacity, scan->count + 1, sizeof *scan->members)) {
        return NULL;
    }
    struct bco_json_member *member = &scan->members[scan->count++];
    *member = (struct bco_json_member){.key = key->text, .key_length = key->length, .key_escaped = key->escaped};
    return member;
}

/* A key and its colon, up to the value. */
static bool scan_key(struct state *s) {
    struct bco_json_scan *scan = s->scan;
    struct bco_json_key key = {0};
    skip_blanks(s);
    if (peek(s) < 0) return wrong(s, "ends where a key should be");
    if (*s->p != '"') return wrong(s, "expected a key in quotes");
    key.text = ++s->p;
    if (!scan_string(s, &key.escaped)) return false;
    key.length = (size_t)(s->p - key.text) - 1;
    if (!bco_grow((void **)&scan->keys, &scan->key_capacity, scan->key_count + 1, sizeof *scan->keys)) {
        return false;
    }
    scan->keys[scan->key_count++] = key;
    if (s->depth == 1 && !new_member(s, &key)) return false;
    skip_blanks(s);
    if (peek(s) < 0) return wrong(s, "ends behind a key");
    if (*s->p != ':') return wrong(s, "expected a colon");
    s->p++;
    skip_blanks(s);
    if (s->depth == 1) {
        scan->members[scan->count - 1].value = s->p;
        s->blanks = false;
    }
    return true;
}

static void end_member(struct state *s, bool escaped) {
    struct bco_json_member *member = &s->scan->members[s->scan->count - 1];
    member->value_length = (size_t)(s->p - member->value);
    member->kind = bco_json_kind(member->value);
    member->escaped = escaped && member->kind == BCO_TEXT;
    member->blanks = s->blanks;
}

/* Opens what begins here; *empty: it closes at once. */
static bool open_container(struct state *s, bool *empty) {
    bool object = *s->p++ == '{';
    if (s->depth == BCO_JSON_DEPTH) {
        s->p--;
        return wrong(s, "nested too deeply, more than 512 levels");
    }
    s->depth++;
    s->object[s->depth] = object;
    s->first_key[s->depth] = s->scan->key_count;
    skip_blanks(s);
    *empty = peek(s) == (object ? '}' : ']');
    if (*empty) {
        s->p++;
        s->depth--;
        return true;
    }
    return !object || scan_key(s);
}

/* After a value: closes what ends here. *more: another value is to come. */
static bool close_values(struct state *s, bool escaped, bool *more) {
    for (*more = false; s->depth > 0; s->depth--) {
        if (s->depth == 1) end_member(s, escaped);
        skip_blanks(s);
        bool object = s->object[s->depth];
        int c = peek(s);
        if (c == ',') {
            s->p++;
            *more = true;
            if (object) return scan_key(s);
            skip_blanks(s);
            return true;
        }
        if (c < 0) return wrong(s, object ? "ends inside an object" : "ends inside a list");
        if (c != (object ? '}' : ']')) return wrong(s, object ? "expected , or }" : "expected , or ]");
        s->p++;
        if (object && !keys_unique(s, s->first_key[s->depth])) return false;
    }
    return true;
}

static bool scan_values(struct state *s) {
    for (bool more = true, escaped, empty; more;) {
        escaped = false;
        skip_blanks(s);
        int c = peek(s);
        if (c == '{' || c == '[') {
            if (!open_container(s, &empty)) return false;
            if (!empty) continue;
        } else if (!scan_scalar(s, &escaped)) {
            return false;
        }
        if (!close_values(s, escaped, &more)) return false;
    }
    skip_blanks(s);
    return s->p == s->end || wrong(s, "something follows the JSON text");
}

static enum bco_code explain(const struct state *s, struct bco_error *err) {
    if (s->twice) {
        int shown = (int)bco_utf8_cut(s->twice->text, s->twice->length, 64);
        return bco_fail(err, BCO_EDATA, "broken JSON: the key '%.*s' stands twice in an object", shown, s->twice->text);
    }
    if (!s->what) return bco_fail_memory(err);
    if (strncmp(s->what, "ends ", 5) == 0) return bco_fail(err, BCO_EDATA, "the JSON is cut short: it %s", s->what);
    return bco_fail(err, BCO_EDATA, "broken JSON: %s at byte %zu", s->what, (size_t)(s->where - s->text) + 1);
}

/* Of a text that begins with neither { nor [: a value alone is JSON, but no object. */
static enum bco_code refuse_scalar(struct state *s, struct bco_error *err) {
    const char *start = s->p;
    bool escaped, scalar = scan_scalar(s, &escaped);
    if (scalar) skip_blanks(s);
    if (scalar && s->p == s->end)
        return bco_fail(err, BCO_EDATA, "expected an object, got %s", bco_json_kind_words(bco_json_kind(start)));
    if (scalar) wrong(s, "unexpected character");
    if (*start == '"' || !plain((unsigned char)*start)) return explain(s, err);
    size_t length = (size_t)(s->end - start), good = bco_utf8_good(start, length), shown = 0;
    while (shown < good && (unsigned char)start[shown] >= 0x20) shown++;
    shown = bco_utf8_cut(start, shown, SHOWN);
    return bco_fail(err, BCO_EDATA, "not JSON, got '%.*s%s', expected an object", (int)shown, start,
                    shown < length ? "..." : "");
}

/* ---- an object like the one before ---- */

/* Keeps what stands between the values from member `first` on, where they are few and short and no container. */
static void learn_shape(struct bco_json_shape *shape, const struct bco_json_scan *scan, size_t first,
                        const char *text) {
    size_t used = 0, count = scan->count - first;
    shape->count = 0;
    shape->id++;
    if (count > BCO_JSON_SHAPE_MEMBERS) return;
    for (size_t i = 0; i < count; i++) {
        const struct bco_json_member *member = &scan->members[first + i];
        size_t length = (size_t)(member->value - text);
        if (member->kind == BCO_LIST || member->kind == BCO_OBJECT || length > BCO_JSON_SHAPE_BYTES - used) return;
        memcpy(shape->text + used, text, length);
        shape->members[i].gap = used;
        shape->members[i].gap_length = length;
        shape->members[i].key = (size_t)(member->key - text);
        shape->members[i].key_length = member->key_length;
        shape->members[i].key_escaped = member->key_escaped;
        used += length;
        text = member->value + member->value_length;
    }
    shape->count = count;
}

/* True when the text has the shape, and good values in it: then its keys are those that were looked at before. */
static bool scan_alike(struct state *s, const struct bco_json_shape *shape) {
    struct bco_json_scan *scan = s->scan;
    if (!bco_grow((void **)&scan->members, &scan->capacity, scan->count + shape->count, sizeof *scan->members))
        return false;
    struct bco_json_member *member = &scan->members[scan->count];
    for (size_t i = 0; i < shape->count; i++, member++) {
        size_t gap = shape->members[i].gap_length;
        bool escaped = false;
        if ((size_t)(s->end - s->p) <= gap || memcmp(s->p, shape->text + shape->members[i].gap, gap) != 0) return false;
        const char *value = s->p + gap;
        *member = (struct bco_json_member){.key = s->p + shape->members[i].key,
                                           .key_length = shape->members[i].key_length,
                                           .key_escaped = shape->members[i].key_escaped,
                                           .value = value};
        s->p = value;
        if (!scan_scalar(s, &escaped)) return false;
        member->value_length = (size_t)(s->p - value);
        member->kind = bco_json_kind(value);
        member->escaped = escaped;
    }
    if (s->end - s->p != 1 || *s->p != '}') return false;
    scan->count += shape->count;
    return true;
}

enum bco_code bco_json_scan_object(struct bco_json_scan *scan, const char *text, size_t length, struct bco_error *err) {
    struct state s;
    s.scan = scan;
    s.text = s.p = text;
    s.end = text + length;
    if (scan->shape && scan->shape->count && scan_alike(&s, scan->shape)) return BCO_OK;
    s.p = text;
    s.depth = 0;
    s.what = NULL;
    s.where = NULL;
    s.twice = NULL;
    scan->key_count = 0;
    size_t count = scan->count;
    skip_blanks(&s);
    int first = peek(&s);
    if (first == '[') return bco_fail(err, BCO_EDATA, "expected an object, got a list");
    if (first >= 0 && first != '{') return refuse_scalar(&s, err);
    if (scan_values(&s)) {
        if (scan->shape) learn_shape(scan->shape, scan, count, text);
        return BCO_OK;
    }
    scan->count = count;
    return explain(&s, err);
}

void bco_json_scan_free(struct bco_json_scan *scan) {
    free(scan->members);
    free(scan->keys);
    *scan = (struct bco_json_scan){0};
}

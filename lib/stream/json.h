/* A JSON text (RFC 8259) checked, and its top-level members found, in one pass
 * and without copying: a member is a span of the text. So what nobody touches
 * goes out with the bytes it came in with, and only what is asked for is decoded. */
#ifndef BCO_STREAM_JSON_H
#define BCO_STREAM_JSON_H

#include "base/buf.h"

#include <bco/error.h>
#include <bco/record.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BCO_JSON_DEPTH = 512 }; /* levels of nesting, the outermost included */

struct bco_json_member {
    const char *key; /* between its quotes */
    size_t key_length;
    const char *value; /* JSON text, a string's quotes included */
    size_t value_length;
    enum bco_kind kind;
    bool key_escaped; /* the key holds backslashes */
    bool escaped;     /* the value is a string that does */
    bool blanks;      /* the value holds blanks outside strings */
};

struct bco_json_key {
    const char *text;
    size_t length, hash;
    bool escaped;
};

enum { BCO_JSON_SHAPE_MEMBERS = 16, BCO_JSON_SHAPE_BYTES = 512 };

/* What stands between the values of an object: keys, colons, commas, blanks. The next line mostly has the same, and
 * then needs no look at its keys. */
struct bco_json_shape {
    uint64_t id;  /* another one for every other shape, from 1 on */
    size_t count; /* of members; 0: none is known */
    struct {
        size_t gap, gap_length; /* in `text`: what stands before the value */
        size_t key, key_length; /* in the gap */
        bool key_escaped;
    } members[BCO_JSON_SHAPE_MEMBERS];
    char text[BCO_JSON_SHAPE_BYTES];
};

/* What a scan needs, kept between scans. Zero-initialise it. Members of one
 * scan are appended behind those of the scans before; the caller may set
 * `count` back. */
struct bco_json_scan {
    struct bco_json_member *members;
    size_t count, capacity;
    struct bco_json_key *keys; /* of the objects that are open */
    size_t key_count, key_capacity;
    struct bco_json_shape
        *shape; /* the caller's, of the object before; NULL: each is looked at as if it were the first */
};

void bco_json_scan_free(struct bco_json_scan *scan);

/* Checks `text`, which must be one object: numbers by RFC 8259's grammar, UTF-8,
 * no lone surrogate escapes, no key twice in an object (after unescaping), no
 * more than BCO_JSON_DEPTH levels, nothing behind it. BCO_EDATA has a message,
 * no place. */
enum bco_code bco_json_scan_object(struct bco_json_scan *scan, const char *text, size_t length, struct bco_error *err);

/* ---- of texts that were checked ---- */

enum bco_kind bco_json_kind(const char *value);

/* One step behind the value that begins at `value`. */
const char *bco_json_skip(const char *value, const char *end);

/* Walks through an object or a list: *at NULL to begin with. False at the end.
 * `member` gets the value, and of an object the key. */
bool bco_json_each(const char *value, size_t length, const char **at, struct bco_json_member *member);

/* Decodes what stands between a string's quotes: at most `length` bytes; returns how many. */
size_t bco_json_unescape(char *to, const char *from, size_t length);

/* Appends the value without the blanks around its parts. */
void bco_json_compact(struct bco_buf *buf, const char *value, size_t length);

/* The same with the keys of every object in the order of their bytes and strings in one spelling, so
 * that equal values have equal texts; numbers keep their digits. */
void bco_json_canonical(struct bco_buf *buf, const char *value, size_t length);

/* The code unit that four hex digits at `p` mean, or -1; what kind of surrogate it is. */
long bco_json_hex4(const char *p, const char *end);
static inline bool bco_json_high(long code) {
    return code >= 0xD800 && code < 0xDC00;
}
static inline bool bco_json_low(long code) {
    return code >= 0xDC00 && code < 0xE000;
}

/* "a list", "an object", "a number", ... for messages. */
const char *bco_json_kind_words(enum bco_kind kind);

#endif

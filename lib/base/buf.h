/* A growing array of bytes. Zero-initialise it; release it with bco_buf_free.
 * Once an addition fails for want of memory, `failed` stays true, later
 * additions do nothing, and one check at the end is enough. */
#ifndef BCO_BASE_BUF_H
#define BCO_BASE_BUF_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_buf {
    char *data; /* NULL while nothing was added; terminated by a NUL that `length` does not count */
    size_t length;
    size_t capacity;
    bool failed;
};

void bco_buf_free(struct bco_buf *buf);  /* and makes it empty again */
void bco_buf_clear(struct bco_buf *buf); /* keeps its memory */

/* Room for `more` bytes behind the end, or NULL; the caller fills them and adds to `length`. */
char *bco_buf_reserve(struct bco_buf *buf, size_t more);

void bco_buf_add(struct bco_buf *buf, const void *bytes, size_t length);
void bco_buf_str(struct bco_buf *buf, const char *text);
void bco_buf_char(struct bco_buf *buf, char c);
void bco_buf_printf(struct bco_buf *buf, const char *format, ...) BCO_PRINTF(2, 3);

/* The number with the fewest digits that read back as the same double, as JSON
 * ("1e+300", "-0.5", "3"); NaN and infinities become `null`. Whatever the locale. */
void bco_buf_double(struct bco_buf *buf, double x);

/* Writes what a JSON string has for a quote, a backslash or a control character: 2 or 6 bytes; returns how many. */
size_t bco_json_escape(char to[6], unsigned char c);

/* `length` bytes of UTF-8 as a JSON string with its quotes; only what JSON asks for is escaped. */
void bco_buf_json_string(struct bco_buf *buf, const char *text, size_t length);

#endif

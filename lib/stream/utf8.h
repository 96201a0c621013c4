/* UTF-8 as RFC 3629 has it: no surrogates, nothing over U+10FFFF, shortest forms only. */
#ifndef BCO_STREAM_UTF8_H
#define BCO_STREAM_UTF8_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text` (1 to 4), of which `length` > 0 bytes are
 * there; 0: broken, and *broken (may be NULL) gets the bytes of the maximal
 * broken part (at least 1), which one U+FFFD stands for. */
size_t bco_utf8_character(const char *text, size_t length, size_t *broken);

/* The first byte that is not UTF-8, or `length` where all is. */
size_t bco_utf8_good(const char *text, size_t length);

/* Writes a code point; returns its bytes (1 to 4). */
size_t bco_utf8_write(char *to, uint32_t code);

/* Appends the text with U+FFFD for each maximal broken part. */
void bco_utf8_clean(struct bco_buf *buf, const char *text, size_t length);

/* The longest start of at most `limit` bytes that does not cut a character. */
size_t bco_utf8_cut(const char *text, size_t length, size_t limit);

#endif

/* Characters of UTF-8 (whose bytes are stream/utf8.h's) and the few classes of characters that tokenizers name. */
#ifndef BCO_TEXT_UNICODE_H
#define BCO_TEXT_UNICODE_H

#include "base/buf.h"
#include "stream/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at `text` (at least one byte is left). Returns its length in
 * bytes; where the bytes are not UTF-8, *c is UINT32_MAX and the length is that of
 * the maximal broken part, as Unicode recommends for U+FFFD. */
size_t bco_utf8_next(const char *text, size_t left, uint32_t *c);

/* The character that ends at text + end, of valid UTF-8; end > 0. */
uint32_t bco_utf8_before(const char *text, size_t end);

/* White_Space: 25 characters; U+180E is not one of them. */
bool bco_is_space(uint32_t c);

bool bco_is_word(uint32_t c); /* \w: letters, marks, decimal digits, connectors, joiners */

/* Appends a normalization form of valid UTF-8. false: out of memory. */
enum bco_form { BCO_NFC, BCO_NFD, BCO_NFKC, BCO_NFKD };
bool bco_unicode_form(enum bco_form form, const char *text, size_t length, struct bco_buf *out);

size_t bco_lowercase(char out[8], uint32_t c); /* UTF-8; returns its length in bytes */

#endif

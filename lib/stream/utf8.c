#include "stream/utf8.h"

#include <string.h>

static size_t expected(unsigned char c) {
    if (c < 0x80) return 1;
    if (c < 0xC2) return 0;
    if (c < 0xE0) return 2;
    if (c < 0xF0) return 3;
    return c < 0xF5 ? 4 : 0;
}

/* The second byte carries what keeps out long forms, surrogates and what is over U+10FFFF. */
static bool second_fits(unsigned char first, unsigned char second) {
    unsigned char low = 0x80, high = 0xBF;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    return second >= low && second <= high;
}

size_t bco_utf8_character(const char *text, size_t length, size_t *broken) {
    const unsigned char *c = (const unsigned char *)text;
    size_t bytes = expected(c[0]), good = 1;
    if (bytes == 1) return 1;
    if (bytes && length > 1 && second_fits(c[0], c[1]))
        for (good = 2; good < bytes && good < length && (c[good] & 0xC0) == 0x80;) good++;
    if (bytes && good == bytes) return bytes;
    if (broken) *broken = good;
    return 0;
}

/* ASCII alone, in words of 8 bytes? */
static inline bool plain_words(const char *text, size_t words) {
    uint64_t all = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, text + i * sizeof word, sizeof word);
        all |= word;
    }
    return !(all & 0x8080808080808080u);
}

size_t bco_utf8_good(const char *text, size_t length) {
    size_t i = 0;
    while (i < length) {
        if (length - i >= 32 && plain_words(text + i, 4)) {
            i += 32;
            continue;
        }
        if (length - i >= 8 && plain_words(text + i, 1)) {
            i += 8;
            continue;
        }
        size_t bytes = bco_utf8_character(text + i, length - i, NULL);
        if (!bytes) return i;
        i += bytes;
    }
    return length;
}

size_t bco_utf8_write(char *to, uint32_t code) {
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

void bco_utf8_clean(struct bco_buf *buf, const char *text, size_t length) {
    while (length) {
        size_t good = bco_utf8_good(text, length), broken = 0;
        bco_buf_add(buf, text, good);
        if (good == length) return;
        bco_utf8_character(text + good, length - good, &broken);
        bco_buf_str(buf, "\xEF\xBF\xBD");
        text += good + broken;
        length -= good + broken;
    }
}

size_t bco_utf8_cut(const char *text, size_t length, size_t limit) {
    if (length <= limit) return length;
    while (limit && ((unsigned char)text[limit] & 0xC0) == 0x80) limit--;
    return limit;
}

#include "text/unicode.h"

#include <string.h>

/* Length of the sequence that `lead` starts, and what its second byte may be. */
static size_t sequence_length(unsigned char lead, unsigned char *low, unsigned char *high) {
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0) *low = 0xA0;
        if (lead == 0xED) *high = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0) *low = 0x90;
        if (lead == 0xF4) *high = 0x8F;
        return 4;
    }
    return 0;
}

size_t bco_utf8_next(const char *text, size_t left, uint32_t *c) {
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    unsigned char low, high;
    size_t need = sequence_length(p[0], &low, &high);
    uint32_t value = need == 2 ? p[0] & 0x1FU : need == 3 ? p[0] & 0x0FU : p[0] & 0x07U;
    size_t i = 1;
    while (i < need && i < left && p[i] >= low && p[i] <= high) {
        value = value << 6 | (p[i++] & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    *c = need && i == need ? value : UINT32_MAX;
    return i;
}

uint32_t bco_utf8_before(const char *text, size_t end) {
    size_t start = end - 1;
    while (start > 0 && ((unsigned char)text[start] & 0xC0) == 0x80) start--;
    uint32_t c;
    bco_utf8_next(text + start, end - start, &c);
    return c;
}

size_t bco_utf8_put(char out[4], uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(marks[length] | c);
    return length;
}

size_t bco_utf8_check(const char *text, size_t length) {
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        if (length - i >= 8) {
            memcpy(&word, text + i, 8);
            if (!(word & UINT64_C(0x8080808080808080))) {
                i += 8;
                continue;
            }
        }
        uint32_t c;
        size_t step = bco_utf8_next(text + i, length - i, &c);
        if (c == UINT32_MAX) return i;
        i += step;
    }
    return length;
}

bool bco_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

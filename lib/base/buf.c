#include "base/buf.h"

#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

void bco_buf_free(struct bco_buf *buf) {
    if (!buf) return;
    free(buf->data);
    *buf = (struct bco_buf){0};
}

void bco_buf_clear(struct bco_buf *buf) {
    buf->length = 0;
    buf->failed = false;
    if (buf->data) buf->data[0] = '\0';
}

char *bco_buf_reserve(struct bco_buf *buf, size_t more) {
    size_t need;
    if (buf->failed) return NULL;
    if (!bco_size_add(buf->length, more, &need) || !bco_size_add(need, 1, &need) ||
        !bco_grow((void **)&buf->data, &buf->capacity, need, 1)) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->length;
}

void bco_buf_add(struct bco_buf *buf, const void *bytes, size_t length) {
    char *to = bco_buf_reserve(buf, length);
    if (!to) return;
    if (length) memcpy(to, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void bco_buf_str(struct bco_buf *buf, const char *text) {
    bco_buf_add(buf, text, strlen(text));
}

void bco_buf_char(struct bco_buf *buf, char c) {
    bco_buf_add(buf, &c, 1);
}

void bco_buf_printf(struct bco_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buf->failed = true;
        return;
    }
    char *to = bco_buf_reserve(buf, (size_t)length);
    if (!to) return;
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

/* yyjson writes the shortest digits and knows no locale, but makes 3 into 3.0. */
void bco_buf_double(struct bco_buf *buf, double x) {
    if (!isfinite(x)) {
        bco_buf_str(buf, "null");
        return;
    }
    yyjson_mut_val value = {0};
    yyjson_mut_set_real(&value, x);
    size_t length = 0;
    char *text = yyjson_mut_val_write(&value, 0, &length);
    if (!text) {
        buf->failed = true;
        return;
    }
    if (length > 2 && memcmp(text + length - 2, ".0", 2) == 0) length -= 2;
    bco_buf_add(buf, text, length);
    free(text);
}

static const char escape_of[256] = {
    ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    [0] = 'u',   [1] = 'u',     [2] = 'u',    [3] = 'u',    [4] = 'u',    [5] = 'u',    [6] = 'u',
    [7] = 'u',   [11] = 'u',    [14] = 'u',   [15] = 'u',   [16] = 'u',   [17] = 'u',   [18] = 'u',
    [19] = 'u',  [20] = 'u',    [21] = 'u',   [22] = 'u',   [23] = 'u',   [24] = 'u',   [25] = 'u',
    [26] = 'u',  [27] = 'u',    [28] = 'u',   [29] = 'u',   [30] = 'u',   [31] = 'u',
};

size_t bco_json_escape(char to[6], unsigned char c) {
    static const char digits[] = "0123456789abcdef";
    to[0] = '\\';
    to[1] = escape_of[c];
    if (escape_of[c] != 'u') return 2;
    to[2] = to[3] = '0';
    to[4] = digits[c >> 4];
    to[5] = digits[c & 15];
    return 6;
}

/* Bytes up to the first that needs an escape. */
static size_t without_escape(const char *text, size_t length) {
    size_t i = 0;
#ifdef __SSE2__ /* always on x86-64 */
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
    for (; length - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text + i));
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        int mask = _mm_movemask_epi8(_mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x)));
        if (mask) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (i < length && !escape_of[(unsigned char)text[i]]) i++;
    return i;
}

static void add_quoted(struct bco_buf *buf, const char *text, size_t length) {
    char *to = bco_buf_reserve(buf, length + 2);
    if (!to) return;
    to[0] = '"';
    if (length) memcpy(to + 1, text, length);
    to[length + 1] = '"';
    to[length + 2] = '\0';
    buf->length += length + 2;
}

void bco_buf_json_string(struct bco_buf *buf, const char *text, size_t length) {
    if (without_escape(text, length) == length) {
        add_quoted(buf, text, length);
        return;
    }
    bco_buf_char(buf, '"');
    for (size_t run; (run = without_escape(text, length)) < length; text += run + 1, length -= run + 1) {
        unsigned char c = (unsigned char)text[run];
        bco_buf_add(buf, text, run);
        char escape[6];
        bco_buf_add(buf, escape, bco_json_escape(escape, c));
    }
    bco_buf_add(buf, text, length);
    bco_buf_char(buf, '"');
}

#include "base/buf.h"

#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

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

void bco_buf_json_string(struct bco_buf *buf, const char *text, size_t length) {
    size_t done = 0;
    bco_buf_char(buf, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape = escape_of[c];
        if (!escape) continue;
        bco_buf_add(buf, text + done, i - done);
        done = i + 1;
        if (escape == 'u')
            bco_buf_printf(buf, "\\u%04x", c);
        else {
            bco_buf_char(buf, '\\');
            bco_buf_char(buf, escape);
        }
    }
    bco_buf_add(buf, text + done, length - done);
    bco_buf_char(buf, '"');
}

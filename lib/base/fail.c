#include "base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void copy_start(char *to, size_t size, const char *from) {
    snprintf(to, size, "%s", from ? from : "");
}

/* A path's end tells more than its start. */
static void copy_end(char *to, size_t size, const char *from) {
    size_t length = from ? strlen(from) : 0;
    if (length >= size)
        snprintf(to, size, "...%s", from + (length - (size - 4)));
    else
        copy_start(to, size, from);
}

static void newlines_to_blanks(char *text) {
    for (; *text; text++)
        if (*text == '\n' || *text == '\r') *text = ' ';
}

static enum bco_code fill(struct bco_error *err, enum bco_code code, const char *file, size_t line, const char *field,
                          const char *format, va_list args) {
    if (!err) return code;
    err->code = code;
    copy_end(err->file, sizeof err->file, file);
    err->line = line;
    copy_start(err->field, sizeof err->field, field);
    vsnprintf(err->message, sizeof err->message, format, args);
    newlines_to_blanks(err->message);
    newlines_to_blanks(err->field);
    return code;
}

enum bco_code bco_fail(struct bco_error *err, enum bco_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, code, NULL, 0, NULL, format, args);
    va_end(args);
    return code;
}

enum bco_code bco_fail_at(struct bco_error *err, enum bco_code code, const char *file, size_t line, const char *field,
                          const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, code, file, line, field, format, args);
    va_end(args);
    return code;
}

enum bco_code bco_fail_errno(struct bco_error *err, const char *file, const char *what) {
    return bco_fail_at(err, BCO_ESYSTEM, file, 0, NULL, "%s: %s", what, strerror(errno));
}

void bco_error_place(struct bco_error *err, const char *file, size_t line, const char *field) {
    if (!err) return;
    if (!err->file[0]) {
        copy_end(err->file, sizeof err->file, file);
        err->line = line;
    }
    if (!err->field[0]) copy_start(err->field, sizeof err->field, field);
}

/* Data can hold what a terminal obeys: control characters, and those of U+0080 to U+009F. */
static void hide_controls(char *text) {
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        bool high = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
        if (high) *c++ = '?';
        if (high || *c < 0x20 || *c == 0x7F) *c = '?';
    }
}

size_t bco_error_format(const struct bco_error *err, char *text, size_t size) {
    char line[32] = "";
    if (size) text[0] = '\0';
    if (!err) return 0;
    if (err->line) snprintf(line, sizeof line, ":%zu", err->line);
    int length = snprintf(text, size, "%s%s%s%s%s%s%s", err->file, line, err->file[0] ? ": " : "",
                          err->field[0] ? "field '" : "", err->field, err->field[0] ? "': " : "", err->message);
    if (size) hide_controls(text);
    return length > 0 ? (size_t)length : 0;
}

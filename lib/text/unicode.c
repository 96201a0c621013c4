#define _GNU_SOURCE /* memmem */
#include "text/unicode.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

size_t bco_utf8_next(const char *text, size_t left, uint32_t *c) {
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    const unsigned char *p = (const unsigned char *)text;
    *c = p[0];
    if (p[0] < 0x80) return 1;
    size_t broken, length = bco_utf8_character(text, left, &broken);
    *c = UINT32_MAX;
    if (!length) return broken;
    *c = p[0] ^ marks[length];
    for (size_t i = 1; i < length; i++) *c = *c << 6 | (p[i] & 0x3FU);
    return length;
}

uint32_t bco_utf8_before(const char *text, size_t end) {
    size_t start = end - 1;
    while (start > 0 && ((unsigned char)text[start] & 0xC0) == 0x80) start--;
    uint32_t c;
    bco_utf8_next(text + start, end - start, &c);
    return c;
}

bool bco_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool bco_is_word(uint32_t c) {
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: break;
    }
    /* Joiners, and the symbols that are alphabetic: circled and squared letters. */
    return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
           (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

/* Characters that stand in NFC as they are and never join with what is before them. */
static bool is_inert(uint32_t c) {
    return c < 0x300 || (c >= 0x400 && c <= 0x482) || (c >= 0x2010 && c <= 0x2027) || (c >= 0x3041 && c <= 0x3096) ||
           (c >= 0x30A1 && c <= 0x30FA) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0x1F300 && c <= 0x1F6FF);
}

static bool is_all_inert(const char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        if ((unsigned char)text[i] < 0xCC) { /* below U+0300 */
            i++;
            continue;
        }
        uint32_t c;
        i += bco_utf8_next(text + i, length - i, &c);
        if (!is_inert(c)) return false;
    }
    return true;
}

/* ---- normalization forms -------------------------------------------------------------- */

struct points {
    utf8proc_int32_t *at;
    size_t count, capacity;
};

/* Replaces each character by what it is made of. */
static bool decompose(int options, const char *text, size_t length, struct points *points) {
    enum { MOST = 32 }; /* code points of one character; 18 there are */
    for (size_t i = 0; i < length;) {
        uint32_t c;
        int boundary = 0;
        i += bco_utf8_next(text + i, length - i, &c);
        if (!bco_grow((void **)&points->at, &points->capacity, points->count + MOST, sizeof *points->at)) return false;
        utf8proc_ssize_t made = utf8proc_decompose_char((utf8proc_int32_t)c, points->at + points->count, MOST,
                                                        (utf8proc_option_t)options, &boundary);
        if (made > 0 && made <= MOST) points->count += (size_t)made;
    }
    return true;
}

static unsigned char class_of(utf8proc_int32_t c) {
    return (unsigned char)utf8proc_get_property(c)->combining_class;
}

/* By class, those of one class as they stood; `room` for `count` of them. */
static void sort_marks(utf8proc_int32_t *marks, size_t count, utf8proc_int32_t *room) {
    size_t place[257] = {0};
    for (size_t i = 0; i < count; i++) place[class_of(marks[i]) + 1]++;
    for (size_t i = 1; i < 257; i++) place[i] += place[i - 1];
    for (size_t i = 0; i < count; i++) room[place[class_of(marks[i])]++] = marks[i];
    memcpy(marks, room, count * sizeof *marks);
}

/* Puts each run of combining marks in order. utf8proc's own way of doing so takes the square of a run's length. */
static bool order(struct points *points) {
    size_t most = 0, from = 0;
    for (size_t i = 0; i <= points->count; i++) {
        if (i < points->count && class_of(points->at[i])) continue;
        most = i - from > most ? i - from : most;
        from = i + 1;
    }
    utf8proc_int32_t *room = most > 1 ? bco_malloc(most, sizeof *room) : NULL;
    if (most > 1 && !room) return false;
    for (size_t i = from = 0; i <= points->count; i++) {
        if (i < points->count && class_of(points->at[i])) continue;
        if (i - from > 1) sort_marks(points->at + from, i - from, room);
        from = i + 1;
    }
    free(room);
    return true;
}

static bool map(int options, const char *text, size_t length, struct bco_buf *out) {
    struct points points = {0};
    bool done = decompose(options, text, length, &points) && order(&points);
    utf8proc_ssize_t count = !done           ? -1
                             : !points.count ? 0
                                             : utf8proc_normalize_utf32(points.at, (utf8proc_ssize_t)points.count,
                                                                        (utf8proc_option_t)options);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        char bytes[4];
        bco_buf_add(out, bytes, bco_utf8_write(bytes, (uint32_t)points.at[i]));
    }
    free(points.at);
    return count >= 0 && !out->failed;
}

bool bco_unicode_form(enum bco_form form, const char *text, size_t length, struct bco_buf *out) {
    static const int options[] = {[BCO_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
                                  [BCO_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
                                  [BCO_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
                                  [BCO_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT};
    if (form == BCO_NFC && is_all_inert(text, length)) {
        bco_buf_add(out, text, length);
        return !out->failed;
    }
    /* U+11A7 stands for itself; utf8proc 2.8 loses it behind a Hangul syllable. */
    static const char alone[] = "\xE1\x86\xA7";
    for (const char *found; (found = memmem(text, length, alone, 3)) != NULL;) {
        size_t before = (size_t)(found - text);
        if (!map(options[form], text, before, out)) return false;
        bco_buf_add(out, alone, 3);
        text += before + 3;
        length -= before + 3;
    }
    return map(options[form], text, length, out);
}

size_t bco_lowercase(char out[8], uint32_t c) {
    size_t length = bco_utf8_write(out, c == 0x130 ? 'i' : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
    /* The one character whose lower case is two: a dotted capital I. */
    return c == 0x130 ? length + bco_utf8_write(out + length, 0x307) : length;
}

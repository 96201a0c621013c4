#include "stream/split.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static enum bco_split_result broken(struct bco_split *split, const char *why, size_t line) {
    split->broken = why;
    split->broken_line = line;
    return BCO_SPLIT_BROKEN;
}

/* The piece is done: the next one begins `used` bytes on, `lines` lines later. */
static enum bco_split_result give(struct bco_split *split, size_t lines) {
    split->line += lines;
    split->seen = split->lines_seen = 0;
    split->state = 0;
    return BCO_SPLIT_PIECE;
}

/* ---- lines ---- */

static bool all_blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
    return true;
}

static enum bco_split_result next_line(struct bco_split *split, const char *bytes, size_t length, bool last,
                                       struct bco_piece *piece, size_t *used) {
    for (size_t start = 0;;) {
        const char *newline = memchr(bytes + start + split->seen, '\n', length - start - split->seen);
        if (!newline && !(last && start < length)) {
            split->seen = length - start;
            *used = start;
            return BCO_SPLIT_MORE;
        }
        size_t end = newline ? (size_t)(newline - bytes) : length, line = split->line;
        *used = newline ? end + 1 : length;
        give(split, 1);
        bool plain = split->kind == BCO_SPLIT_TEXT;
        if (plain || !all_blank(bytes + start, end - start)) {
            if (!plain && bytes[end - 1] == '\r') end--;
            *piece = (struct bco_piece){.start = start, .length = end - start, .line = line};
            return BCO_SPLIT_PIECE;
        }
        start = *used;
    }
}

/* ---- elements of a list ---- */

enum { BETWEEN, FIRST, ELEMENT, STRING, ESCAPE };

/* Over blanks, `[`, `,` and `]` to an element's first byte: *at moves there. */
static enum bco_split_result find_element(struct bco_split *split, const char *bytes, size_t length, bool last,
                                          size_t *at) {
    for (; *at < length; ++*at) {
        char c = bytes[*at];
        if (c == '\n') split->line++;
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
        if (split->ended) return broken(split, "something follows the list", split->line);
        if (!split->opened && c == '[') {
            split->opened = true;
            split->state = FIRST;
        } else if (!split->opened) {
            return broken(split, "expected a list", split->line);
        } else if (c == ']' && split->state == FIRST) {
            split->ended = true;
        } else if (c == ',' || c == ']' || c == '}') {
            return broken(split, "broken list: expected an element", split->line);
        } else {
            split->state = ELEMENT;
            return BCO_SPLIT_PIECE;
        }
    }
    if (last && !split->ended) return broken(split, "the list is cut short: it has no ]", split->line);
    return BCO_SPLIT_MORE;
}

/* True when the byte ends the element that has begun. */
static bool element_ends(struct bco_split *split, char c) {
    if (c == '\n') split->lines_seen++;
    if (split->state == ESCAPE) {
        split->state = STRING;
    } else if (split->state == STRING) {
        if (c == '\\') split->state = ESCAPE;
        if (c == '"') split->state = ELEMENT;
    } else if (c == '"') {
        split->state = STRING;
    } else if (c == '{' || c == '[') {
        split->depth++;
    } else if (split->depth) {
        if (c == '}' || c == ']') split->depth--;
    } else {
        return c == ',' || c == ']';
    }
    return false;
}

static enum bco_split_result next_element(struct bco_split *split, const char *bytes, size_t length, bool last,
                                          struct bco_piece *piece, size_t *used) {
    size_t at = 0;
    if (split->state < ELEMENT) {
        enum bco_split_result found = find_element(split, bytes, length, last, &at);
        *used = at;
        if (found != BCO_SPLIT_PIECE) return found;
    }
    size_t end = at + split->seen;
    while (end < length && !element_ends(split, bytes[end])) end++;
    if (end == length) {
        split->seen = length - at;
        *used = at;
        return last ? broken(split, "the list is cut short: it ends inside this element", split->line) : BCO_SPLIT_MORE;
    }
    split->ended = bytes[end] == ']';
    *piece = (struct bco_piece){.start = at, .length = end - at, .line = split->line};
    while (piece->length && strchr(" \t\r\n", bytes[at + piece->length - 1])) piece->length--;
    *used = end + 1;
    return give(split, split->lines_seen);
}

/* ---- rows ---- */

enum { OUTSIDE, QUOTED, QUOTE_IN_QUOTED };

static bool is_mark(char c) {
    return c == '"' || c == '\n' || c == '\r';
}

/* The next quote or line end: half the time of reading a table would go into looking at each byte. */
static size_t next_mark(const char *bytes, size_t at, size_t length) {
#ifdef __SSE2__ /* always on x86-64 */
    const __m128i quote = _mm_set1_epi8('"'), newline = _mm_set1_epi8('\n'), ret = _mm_set1_epi8('\r');
    for (; length - at >= 16; at += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, newline));
        int mask = _mm_movemask_epi8(_mm_or_si128(mark, _mm_cmpeq_epi8(x, ret)));
        if (mask) return at + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (at < length && !is_mark(bytes[at])) at++;
    return at;
}

/* True at the row's end. A quote opens a field where one begins: at the row's start, behind a delimiter. */
static bool row_byte(struct bco_split *split, const char *bytes, size_t start, size_t at) {
    char c = bytes[at];
    if (split->state == QUOTED) {
        if (c == '"') split->state = QUOTE_IN_QUOTED;
        return false;
    }
    if (c == '\n' || c == '\r') return true;
    bool again = split->state == QUOTE_IN_QUOTED;
    split->state = OUTSIDE;
    if (c != '"' || c == split->delimiter) return false;
    if (!again && at > start && bytes[at - 1] != split->delimiter) return false;
    if (!again) split->quote_line = split->line + split->lines_seen;
    split->state = QUOTED;
    return false;
}

/* A line ends at \n, \r\n or \r, inside quotes too. */
static void count_line(struct bco_split *split, const char *bytes, size_t at, size_t length) {
    bool before_newline = at + 1 < length && bytes[at + 1] == '\n';
    if (bytes[at] == '\n' || (bytes[at] == '\r' && !before_newline)) split->lines_seen++;
}

/* Goes over bytes from `*end` up to the end of the row. A \r at the very end waits for what follows it. */
static bool scan_row(struct bco_split *split, const char *bytes, size_t length, bool last, size_t start, size_t *end) {
    for (;; ++*end) {
        if (split->state != QUOTE_IN_QUOTED) *end = next_mark(bytes, *end, length);
        if (*end == length || (bytes[*end] == '\r' && *end + 1 == length && !last)) return false;
        if (row_byte(split, bytes, start, *end)) return true;
        count_line(split, bytes, *end, length);
    }
}

static enum bco_split_result row_done(struct bco_split *split, size_t start, size_t end, struct bco_piece *piece) {
    *piece = (struct bco_piece){.start = start, .length = end - start, .line = split->line};
    if (split->state == QUOTED) piece->open_quote = split->quote_line;
    return give(split, split->lines_seen + 1);
}

static enum bco_split_result next_row(struct bco_split *split, const char *bytes, size_t length, bool last,
                                      struct bco_piece *piece, size_t *used) {
    for (size_t start = 0;;) {
        size_t end = start + split->seen;
        bool newline = scan_row(split, bytes, length, last, start, &end);
        if (!newline && !(last && start < length)) {
            split->seen = end - start;
            *used = start;
            return BCO_SPLIT_MORE;
        }
        bool pair = newline && bytes[end] == '\r' && end + 1 < length && bytes[end + 1] == '\n';
        *used = end + newline + pair;
        if (end > start) return row_done(split, start, end, piece);
        give(split, 1);
        start = *used;
    }
}

enum bco_split_result bco_split_next(struct bco_split *split, const char *bytes, size_t length, bool last,
                                     struct bco_piece *piece, size_t *used) {
    enum bco_split_result result;
    *used = 0;
    if (split->kind == BCO_SPLIT_LINES || split->kind == BCO_SPLIT_TEXT)
        result = next_line(split, bytes, length, last, piece, used);
    else if (split->kind == BCO_SPLIT_ELEMENTS)
        result = next_element(split, bytes, length, last, piece, used);
    else
        result = next_row(split, bytes, length, last, piece, used);
    if (result == BCO_SPLIT_MORE && length - *used > BCO_PIECE_LIMIT)
        return broken(split, "a record is longer than 256 MiB", split->line);
    return result;
}

#define _GNU_SOURCE /* memmem */
#include "text/jinja_lex.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <errno.h>
#include <string.h>

struct lexer {
    const char *source; /* newlines are \n, and the last one is gone */
    size_t length, at;
    size_t line;
    bool line_starts; /* what was read last ended with a newline */
    struct bco_arena *arena;
    struct bco_tokens *tokens;
    struct bco_error *err;
};

static enum bco_code fail(struct lexer *lexer, const char *what) {
    return bco_fail_at(lexer->err, BCO_EDATA, NULL, lexer->line, NULL, "%s", what);
}

static enum bco_code add(struct lexer *lexer, enum bco_token_kind kind, struct bco_value value) {
    struct bco_tokens *tokens = lexer->tokens;
    if (!bco_grow((void **)&tokens->items, &tokens->capacity, tokens->count + 1, sizeof *tokens->items))
        return bco_fail_memory(lexer->err);
    tokens->items[tokens->count++] = (struct bco_token){kind, lexer->line, value};
    return BCO_OK;
}

static void move_to(struct lexer *lexer, size_t at) {
    for (; lexer->at < at; lexer->at++) lexer->line += lexer->source[lexer->at] == '\n';
}

static bool looking_at(const struct lexer *lexer, const char *text) {
    size_t length = strlen(text);
    return lexer->length - lexer->at >= length && !memcmp(lexer->source + lexer->at, text, length);
}

static size_t over_blanks(const struct lexer *lexer, size_t at) {
    while (at < lexer->length) {
        uint32_t c;
        size_t step = bco_utf8_next(lexer->source + at, lexer->length - at, &c);
        if (!bco_is_python_space(c)) break;
        at += step;
    }
    return at;
}

/* ---- between tags ------------------------------------------------------------------- */

/* The end of `text` without the blanks there. */
static size_t without_blanks(const char *text, size_t end, bool one_line) {
    while (end > 0) {
        uint32_t c = bco_utf8_before(text, end);
        if (!bco_is_python_space(c) || (one_line && c == '\n')) break;
        do end--;
        while (((unsigned char)text[end] & 0xC0) == 0x80);
    }
    return end;
}

/* The text before a tag: `-` takes the blanks before it away, lstrip_blocks those that begin its line. */
static enum bco_code add_data(struct lexer *lexer, size_t end, char sign, bool print) {
    const char *text = lexer->source + lexer->at;
    size_t length = end - lexer->at;
    if (sign == '-') {
        length = without_blanks(text, length, false);
    } else if (sign != '+' && !print) {
        size_t stripped = without_blanks(text, length, true);
        if (stripped > 0 ? text[stripped - 1] == '\n' : lexer->line_starts) length = stripped;
    }
    struct bco_value value;
    if (!bco_value_copy_text(lexer->arena, text, length, &value)) return bco_fail_memory(lexer->err);
    return length ? add(lexer, TOKEN_DATA, value) : BCO_OK;
}

/* Behind a tag that ends at `at` with `sign`: `-` takes blanks away, trim_blocks one newline behind a block. */
static void end_tag(struct lexer *lexer, size_t at, char sign, bool print) {
    if (sign == '-')
        at = over_blanks(lexer, at);
    else if (sign != '+' && !print && at < lexer->length && lexer->source[at] == '\n')
        at++;
    move_to(lexer, at);
    lexer->line_starts = at > 0 && lexer->source[at - 1] == '\n';
}

static enum bco_code skip_comment(struct lexer *lexer) {
    size_t inside = lexer->at + 2; /* a sign there belongs to the beginning */
    if (inside < lexer->length && (lexer->source[inside] == '-' || lexer->source[inside] == '+')) inside++;
    const char *found = memmem(lexer->source + inside, lexer->length - inside, "#}", 2);
    if (!found) return fail(lexer, "a comment has no end");
    size_t end = (size_t)(found - lexer->source);
    end_tag(lexer, end + 2, end > inside ? lexer->source[end - 1] : '\0', false);
    return BCO_OK;
}

/* The place of the next {%, {{ or {#. */
static size_t find_tag(const struct lexer *lexer) {
    for (size_t i = lexer->at; i + 1 < lexer->length; i++) {
        const char *brace = memchr(lexer->source + i, '{', lexer->length - 1 - i);
        if (!brace) break;
        i = (size_t)(brace - lexer->source);
        if (strchr("%{#", brace[1]) && brace[1]) return i;
    }
    return lexer->length;
}

/* ---- inside of tags ----------------------------------------------------------------- */

static enum bco_code lex_number(struct lexer *lexer) {
    char digits[64];
    size_t count = 0, at = lexer->at;
    bool real = false;
    for (; at < lexer->length && count + 1 < sizeof digits; at++) {
        char c = lexer->source[at];
        bool digit = c >= '0' && c <= '9';
        bool point =
            c == '.' && !real && at + 1 < lexer->length && lexer->source[at + 1] >= '0' && lexer->source[at + 1] <= '9';
        bool power = (c == 'e' || c == 'E') && count > 0 && !memchr(digits, 'e', count);
        bool sign = (c == '+' || c == '-') && count > 0 && digits[count - 1] == 'e';
        if (c == '_') continue;
        if (!digit && !point && !power && !sign) break;
        real = real || point || power;
        digits[count++] = power ? 'e' : c;
    }
    digits[count] = '\0';
    char *end;
    errno = 0;
    struct bco_value value = real ? bco_value_float(strtod(digits, &end)) : bco_value_int(strtoll(digits, &end, 10));
    if (*end || (errno && !real)) return fail(lexer, "a number is broken or too large");
    enum bco_code code = add(lexer, TOKEN_NUMBER, value);
    move_to(lexer, at);
    return code;
}

static int hex_value(const char *text, size_t count, uint32_t *value) {
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return 0;
        *value = *value * 16 + (uint32_t)digit;
    }
    return 1;
}

/* \xhh, \uhhhh, \Uhhhhhhhh and \ooo: how many bytes it takes, 0: it is none. */
static size_t numbered_escape(const char *text, size_t left, uint32_t *c) {
    size_t digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
    if (digits)
        return left > digits && hex_value(text + 1, digits, c) && *c <= 0x10FFFF && (*c < 0xD800 || *c > 0xDFFF)
                   ? digits + 1
                   : 0;
    size_t count = 0;
    for (*c = 0; count < 3 && count < left && text[count] >= '0' && text[count] <= '7'; count++)
        *c = *c * 8 + (uint32_t)(text[count] - '0');
    return count;
}

/* Python's escapes; a backslash before anything else stays. */
static size_t unescape(char *to, const char *text, size_t length) {
    static const char letters[] = "n\nt\tr\r\\\\'\'\"\"a\ab\bf\fv\v";
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t c;
        if (text[i] != '\\' || i + 1 == length) {
            to[count++] = text[i];
            continue;
        }
        size_t used = numbered_escape(text + i + 1, length - i - 1, &c);
        const char *letter = letters;
        while (*letter && *letter != text[i + 1]) letter += 2;
        if (used)
            count += bco_utf8_write(to + count, c);
        else if (*letter)
            to[count++] = letter[1];
        else if (text[i + 1] != '\n')
            to[count++] = '\\';
        i += used ? used : *letter || text[i + 1] == '\n' ? 1 : 0;
    }
    return count;
}

static enum bco_code lex_string(struct lexer *lexer) {
    const char *text = lexer->source + lexer->at + 1;
    char quote = text[-1];
    size_t left = lexer->length - lexer->at - 1, end = 0;
    while (end < left && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    if (end >= left) return fail(lexer, "a string has no end");
    if (memmem(text, end, "\\N{", 3)) return fail(lexer, "\\N{...} in a string is not supported");
    char *copy = bco_arena_get(lexer->arena, end + 1);
    if (!copy) return bco_fail_memory(lexer->err);
    size_t length = unescape(copy, text, end);
    copy[length] = '\0';
    enum bco_code code = add(lexer, TOKEN_STRING, bco_value_text(copy, length));
    move_to(lexer, lexer->at + end + 2);
    return code;
}

static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static enum bco_code lex_text_token(struct lexer *lexer, enum bco_token_kind kind, size_t length) {
    struct bco_value value;
    if (!bco_value_copy_text(lexer->arena, lexer->source + lexer->at, length, &value))
        return bco_fail_memory(lexer->err);
    enum bco_code code = add(lexer, kind, value);
    move_to(lexer, lexer->at + length);
    return code;
}

static enum bco_code lex_operator(struct lexer *lexer, int *open) {
    static const char *const operators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                            "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (!looking_at(lexer, operators[i])) continue;
        if (strchr("[({", operators[i][0])) ++*open;
        if (strchr("])}", operators[i][0])) --*open;
        return lex_text_token(lexer, TOKEN_OPERATOR, strlen(operators[i]));
    }
    return fail(lexer, "a character here belongs to nothing");
}

static enum bco_code lex_inside(struct lexer *lexer, bool print) {
    const char *close = print ? "}}" : "%}";
    for (int open = 0;;) {
        move_to(lexer, over_blanks(lexer, lexer->at));
        if (lexer->at == lexer->length) return fail(lexer, "a tag has no end");
        char c = lexer->source[lexer->at];
        size_t sign = !print && c == '+' ? 1 : c == '-';
        if (open <= 0 && lexer->length - lexer->at >= sign + 2 && !memcmp(lexer->source + lexer->at + sign, close, 2)) {
            enum bco_code code = add(lexer, print ? TOKEN_PRINT_END : TOKEN_BLOCK_END, bco_value_none());
            end_tag(lexer, lexer->at + sign + 2, sign ? c : '\0', print);
            return code;
        }
        size_t length = 0;
        while (lexer->at + length < lexer->length && in_name(lexer->source[lexer->at + length])) length++;
        enum bco_code code = c >= '0' && c <= '9'    ? lex_number(lexer)
                             : c == '"' || c == '\'' ? lex_string(lexer)
                             : length                ? lex_text_token(lexer, TOKEN_NAME, length)
                                                     : lex_operator(lexer, &open);
        if (code) return code;
    }
}

/* ---- the whole ----------------------------------------------------------------------- */

/* {% raw %} ... {% endraw %}: `at` is behind the {%. Returns where the tag ends, 0: it is another one. */
static size_t named_tag(const struct lexer *lexer, size_t at, const char *name, char *sign) {
    if (at < lexer->length && (lexer->source[at] == '-' || lexer->source[at] == '+')) at++;
    at = over_blanks(lexer, at);
    size_t length = strlen(name);
    if (lexer->length - at < length || memcmp(lexer->source + at, name, length) != 0) return 0;
    at = over_blanks(lexer, at + length);
    *sign = '\0';
    if (at < lexer->length && (lexer->source[at] == '-' || lexer->source[at] == '+')) *sign = lexer->source[at++];
    return lexer->length - at >= 2 && !memcmp(lexer->source + at, "%}", 2) ? at + 2 : 0;
}

static enum bco_code lex_raw(struct lexer *lexer, size_t behind, char sign) {
    end_tag(lexer, behind, sign == '-' ? '-' : '+', false); /* no newline goes behind raw */
    for (size_t at = lexer->at; at + 1 < lexer->length; at++) {
        if (memcmp(lexer->source + at, "{%", 2) != 0) continue;
        size_t end = named_tag(lexer, at + 2, "endraw", &sign);
        if (!end) continue;
        enum bco_code code = add_data(lexer, at, lexer->source[at + 2], false);
        end_tag(lexer, end, sign, false);
        return code;
    }
    return fail(lexer, "raw has no endraw");
}

static enum bco_code lex_tag(struct lexer *lexer) {
    size_t start = find_tag(lexer);
    if (start == lexer->length) {
        enum bco_code code = add_data(lexer, start, '+', true);
        move_to(lexer, start);
        return code;
    }
    char kind = lexer->source[start + 1], sign = start + 2 < lexer->length ? lexer->source[start + 2] : '\0', end_sign;
    enum bco_code code = add_data(lexer, start, sign, kind == '{');
    move_to(lexer, start);
    if (code) return code;
    if (kind == '#') return skip_comment(lexer);
    size_t raw = kind == '%' ? named_tag(lexer, start + 2, "raw", &end_sign) : 0;
    if (raw) return lex_raw(lexer, raw, end_sign);
    code = add(lexer, kind == '{' ? TOKEN_PRINT_BEGIN : TOKEN_BLOCK_BEGIN, bco_value_none());
    move_to(lexer, start + 2 + (sign == '-' || (sign == '+' && kind == '%')));
    return code ? code : lex_inside(lexer, kind == '{');
}

static char *plain_newlines(const char *source, size_t *length, struct bco_arena *arena) {
    char *copy = bco_arena_copy(arena, source, *length);
    size_t count = 0;
    for (size_t i = 0; copy && i < *length; i++) {
        bool cr = source[i] == '\r';
        copy[count++] = cr ? '\n' : source[i];
        if (cr && i + 1 < *length && source[i + 1] == '\n') i++;
    }
    if (count && copy[count - 1] == '\n') count--;
    *length = count;
    return copy;
}

enum bco_code bco_jinja_lex(const char *source, size_t length, struct bco_arena *arena, struct bco_tokens *tokens,
                            struct bco_error *err) {
    struct lexer lexer = {.line = 1, .line_starts = true, .arena = arena, .tokens = tokens, .err = err};
    if (bco_utf8_good(source, length) < length) return bco_fail(err, BCO_EDATA, "the template is not UTF-8");
    lexer.length = length;
    lexer.source = plain_newlines(source, &lexer.length, arena);
    if (!lexer.source) return bco_fail_memory(err);
    enum bco_code code = BCO_OK;
    while (!code && lexer.at < lexer.length) code = lex_tag(&lexer);
    return code ? code : add(&lexer, TOKEN_END, bco_value_none());
}

#define _GNU_SOURCE /* memmem */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/unicode.h"

#include <pcre2.h>
#include <string.h>

/* One search may try this often before it is given up: about a second. */
enum { MATCH_LIMIT = 20000000, DEPTH_LIMIT = 100000, HEAP_LIMIT_KIB = 256 * 1024 };

/* White_Space and its complement; PCRE2's \s has U+180E, which Oniguruma's has not. */
#define SPACES "\\x09-\\x0d\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define NO_SPACES                                                                                                      \
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x84\\x86-\\x9f\\xa1-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"                \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"

/* Oniguruma's \w: letters, marks, decimal digits and letter numbers, connectors, lettered symbols, Latin-1's numbers.
 */
#define WORD                                                                                                           \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\xb2\\xb3\\xb9\\xbc-\\xbe\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"              \
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}"

static const struct {
    char letter;
    const char *outside, *inside; /* of a [class] */
} translations[] = {
    {'s', "[" SPACES "]", SPACES}, {'S', "[^" SPACES "]", NO_SPACES}, {'w', "[" WORD "]", WORD},
    {'W', "[^" WORD "]", NULL},    {'h', "[0-9A-Fa-f]", "0-9A-Fa-f"}, {'H', "[^0-9A-Fa-f]", NULL},
};

/* Copies one escape, in the words of PCRE2. */
static bool translate_escape(struct bco_buf *out, char letter, bool in_class) {
    for (size_t i = 0; i < sizeof translations / sizeof *translations; i++) {
        if (translations[i].letter != letter) continue;
        const char *words = in_class ? translations[i].inside : translations[i].outside;
        if (words) bco_buf_str(out, words);
        return words != NULL;
    }
    bco_buf_char(out, '\\');
    bco_buf_char(out, letter);
    return true;
}

static enum bco_code translate(struct bco_buf *out, const char *regex, size_t length, struct bco_error *err) {
    bool in_class = false;
    bco_buf_add(out, "", 0);
    for (size_t i = 0; i < length; i++) {
        char c = regex[i];
        if (c == '\\' && i + 1 < length) {
            if (!translate_escape(out, regex[++i], in_class))
                return bco_fail(err, BCO_EDATA, "regular expression: \\%c in a class is not supported", regex[i]);
            continue;
        }
        if (in_class && c == '&' && i + 1 < length && regex[i + 1] == '&')
            return bco_fail(err, BCO_EDATA, "regular expression: && in a class is not supported");
        if (in_class && c == '[' && (i + 1 >= length || regex[i + 1] != ':'))
            return bco_fail(err, BCO_EDATA, "regular expression: a class in a class is not supported");
        if (in_class && c == '[') { /* [:alpha:] */
            const char *close = memmem(regex + i, length - i, ":]", 2);
            if (!close) return bco_fail(err, BCO_EDATA, "regular expression: '[:' without ':]'");
            size_t size = (size_t)(close + 2 - regex) - i;
            if (size == 9 && !memcmp(regex + i, "[:punct:]", 9)) /* symbols too, other than in PCRE2 */
                bco_buf_str(out, "\\p{P}\\p{S}");
            else
                bco_buf_add(out, regex + i, size);
            i = (size_t)(close + 1 - regex);
            continue;
        }
        bco_buf_char(out, c);
        if (c == '[' && i + 1 < length && regex[i + 1] == '^') bco_buf_char(out, regex[++i]);
        if (c == '[' && i + 1 < length && regex[i + 1] == ']') bco_buf_char(out, regex[++i]); /* one of the class */
        if (c == '[' || c == ']') in_class = c == '[';
    }
    return out->failed ? bco_fail_memory(err) : BCO_OK;
}

static enum bco_code compile(struct bco_pattern *pattern, const struct bco_buf *regex, struct bco_error *err) {
    int number;
    PCRE2_SIZE offset;
    /* Oniguruma's ^ and $ are at every line; PCRE2's \C would match a part of a character. */
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)regex->data, regex->length,
        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C, &number, &offset, NULL);
    if (!code && number == PCRE2_ERROR_HEAP_FAILED) return bco_fail_memory(err);
    if (!code) {
        PCRE2_UCHAR words[160];
        pcre2_get_error_message(number, words, sizeof words);
        return bco_fail(err, BCO_EDATA, "regular expression: %s at byte %zu of '%s'", (const char *)words,
                        (size_t)offset, regex->data);
    }
    pattern->regex = code;
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it everything is the same, only slower */
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    if (!limits) return bco_fail_memory(err);
    pattern->limits = limits;
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
    return BCO_OK;
}

enum bco_code bco_pattern_regex(struct bco_pattern *pattern, const char *regex, size_t length, struct bco_error *err) {
    struct bco_buf translated = {0};
    enum bco_code code = translate(&translated, regex, length, err);
    if (!code) code = compile(pattern, &translated, err);
    bco_buf_free(&translated);
    return code;
}

enum bco_code bco_pattern_read(struct bco_pattern *pattern, yyjson_val *json, struct bco_error *err) {
    const char *text;
    size_t length;
    if (yyjson_obj_get(json, "Regex")) {
        enum bco_code code = bco_json_text(json, "Regex", &text, &length, err);
        return code ? code : bco_pattern_regex(pattern, text, length, err);
    }
    enum bco_code code = bco_json_text(json, "String", &text, &length, err);
    if (code) return code;
    if (!length) return bco_fail(err, BCO_EDATA, "a pattern is empty");
    pattern->literal_length = length;
    pattern->literal = bco_strndup(text, length);
    return pattern->literal ? BCO_OK : bco_fail_memory(err);
}

void bco_pattern_free(struct bco_pattern *pattern) {
    free(pattern->literal);
    pcre2_code_free(pattern->regex);
    pcre2_match_context_free(pattern->limits);
    *pattern = (struct bco_pattern){0};
}

enum bco_code bco_scan_begin(struct bco_scan *scan, const struct bco_pattern *pattern, struct bco_error *err) {
    *scan = (struct bco_scan){.pattern = pattern};
    if (pattern->literal) return BCO_OK;
    scan->match = pcre2_match_data_create(1, NULL);
    return scan->match ? BCO_OK : bco_fail_memory(err);
}

void bco_scan_text(struct bco_scan *scan, const char *text, size_t length) {
    scan->text = text;
    scan->length = length;
    scan->at = 0;
    scan->start = scan->end = 0;
}

void bco_scan_end(struct bco_scan *scan) {
    pcre2_match_data_free(scan->match);
}

static bool next_literal(struct bco_scan *scan) {
    const char *hit =
        memmem(scan->text + scan->at, scan->length - scan->at, scan->pattern->literal, scan->pattern->literal_length);
    if (!hit) return false;
    scan->start = (size_t)(hit - scan->text);
    scan->end = scan->at = scan->start + scan->pattern->literal_length;
    return true;
}

static int match_at(struct bco_scan *scan, uint32_t options) {
    PCRE2_SPTR text = (PCRE2_SPTR)scan->text;
    int rc =
        pcre2_match(scan->pattern->regex, text, scan->length, scan->at, options, scan->match, scan->pattern->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter takes its memory from the heap */
        rc = pcre2_match(scan->pattern->regex, text, scan->length, scan->at, options | PCRE2_NO_JIT, scan->match,
                         scan->pattern->limits);
    return rc;
}

static enum bco_code next_regex(struct bco_scan *scan, bool *found, struct bco_error *err) {
    *found = false;
    if (scan->at > scan->length) return BCO_OK;
    int rc = match_at(scan, PCRE2_NO_UTF_CHECK);
    if (rc == PCRE2_ERROR_NOMATCH) return BCO_OK;
    if (rc == PCRE2_ERROR_NOMEMORY) return bco_fail_memory(err);
    if (rc < 0) return bco_fail(err, BCO_EDATA, "the tokenizer's regular expression took too many steps on this text");
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scan->match);
    if (ends[0] < scan->at || ends[0] > ends[1]) /* \K, called from a lookaround */
        return bco_fail(err, BCO_EDATA, "the tokenizer's regular expression matches backwards");
    scan->start = ends[0];
    scan->end = scan->at = ends[1];
    *found = true;
    if (ends[1] > ends[0]) return BCO_OK;
    uint32_t c; /* an empty match: the next search begins a character later */
    scan->at += scan->at < scan->length ? bco_utf8_next(scan->text + scan->at, scan->length - scan->at, &c) : 1;
    return BCO_OK;
}

enum bco_code bco_scan_next(struct bco_scan *scan, bool *found, struct bco_error *err) {
    if (!scan->pattern->literal) return next_regex(scan, found, err);
    *found = next_literal(scan);
    return BCO_OK;
}

#include "data/regex.h"

#include "base/fail.h"
#include "base/mem.h"

#include <stdlib.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define GROUPS 64           /* of a match that are kept */
#define MATCH_LIMIT 1000000 /* steps */
#define HEAP_LIMIT 16384    /* KiB */
#define STACK_START 32768   /* bytes of the JIT's stack */
#define STACK_LIMIT 1048576

struct bco_regex {
    pcre2_code *code;
};

struct bco_regex_match {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

void bco_regex_free(struct bco_regex *regex) {
    if (!regex) return;
    pcre2_code_free(regex->code);
    free(regex);
}

enum bco_code bco_regex_new(struct bco_regex **regex, const char *what, const char *pattern, size_t length, bool fold,
                            struct bco_error *err) {
    int error;
    PCRE2_SIZE offset;
    PCRE2_UCHAR words[160];
    struct bco_regex *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    /* \C would match a part of a character. */
    made->code = pcre2_compile((PCRE2_SPTR)pattern, length,
                               PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | (fold ? PCRE2_CASELESS : 0), &error,
                               &offset, NULL);
    if (!made->code) {
        bco_regex_free(made);
        if (error == PCRE2_ERROR_HEAP_FAILED) return bco_fail_memory(err);
        pcre2_get_error_message(error, words, sizeof words);
        return bco_fail(err, BCO_EUSAGE, "%s: '%.*s' is no regular expression: %s at offset %zu", what, (int)length,
                        pattern, (const char *)words, (size_t)offset);
    }
    pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE); /* where there is no JIT the interpreter does the work */
    *regex = made;
    return BCO_OK;
}

size_t bco_regex_groups(const struct bco_regex *regex) {
    uint32_t count = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

void bco_regex_match_free(struct bco_regex_match *match) {
    if (!match) return;
    pcre2_match_data_free(match->data);
    pcre2_match_context_free(match->context);
    pcre2_jit_stack_free(match->stack);
    free(match);
}

struct bco_regex_match *bco_regex_match_new(void) {
    struct bco_regex_match *match = bco_calloc(1, sizeof *match);
    if (!match) return NULL;
    match->data = pcre2_match_data_create(GROUPS, NULL);
    match->context = pcre2_match_context_create(NULL);
    match->stack = pcre2_jit_stack_create(STACK_START, STACK_LIMIT, NULL);
    if (!match->data || !match->context || !match->stack) {
        bco_regex_match_free(match);
        return NULL;
    }
    pcre2_jit_stack_assign(match->context, NULL, match->stack);
    pcre2_set_match_limit(match->context, MATCH_LIMIT);
    pcre2_set_depth_limit(match->context, MATCH_LIMIT);
    pcre2_set_heap_limit(match->context, HEAP_LIMIT);
    return match;
}

enum bco_code bco_regex_find(const struct bco_regex *regex, struct bco_regex_match *match, const char *text,
                             size_t length, bool *found, struct bco_error *err) {
    PCRE2_UCHAR words[160];
    int rc = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK, match->data, match->context);
    *found = rc >= 0;
    if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) return BCO_OK;
    if (rc == PCRE2_ERROR_NOMEMORY) return bco_fail_memory(err);
    pcre2_get_error_message(rc, words, sizeof words);
    return bco_fail(err, BCO_EDATA, "the regular expression gave up: %s", (const char *)words);
}

bool bco_regex_match_group(const struct bco_regex_match *match, size_t i, size_t *start, size_t *end) {
    if (i >= pcre2_get_ovector_count(match->data)) return false;
    const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(match->data);
    *start = spans[2 * i];
    *end = spans[2 * i + 1];
    return *start != PCRE2_UNSET && *start <= *end;
}

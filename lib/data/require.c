/* Gates: comparisons of figures, joined by and, or and brackets. Parsed and evaluated in one pass. */
#include "base/buf.h"
#include "base/fail.h"
#include "data/figures.h"
#include "data/ranges.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 64 };

struct parser {
    const char *text, *at;
    const struct bco_stat *stat; /* NULL: the values do not matter */
    struct bco_buf facts;        /* of the comparisons that are false: "up_share is 0.1" */
    int depth;
    enum bco_code code;
    struct bco_error *err;
};

static void skip_blanks(struct parser *p) {
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n') p->at++;
}

static bool refuse(struct parser *p, const char *expected) {
    if (p->code == BCO_OK)
        p->code = bco_fail(p->err, BCO_EUSAGE, "--require '%s': got '%.20s', expected %s", p->text,
                           *p->at ? p->at : "the end", expected);
    return false;
}

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static size_t name_length(const char *text) {
    size_t length = 0;
    while (is_name(text[length])) length++;
    return length;
}

static bool take_word(struct parser *p, const char *word) {
    skip_blanks(p);
    if (name_length(p->at) != strlen(word) || strncmp(p->at, word, strlen(word)) != 0) return false;
    p->at += strlen(word);
    return true;
}

static bool unknown_figure(struct parser *p, size_t length) {
    struct bco_buf names = {0};
    for (size_t i = 0; i < bco_figure_count; i++) bco_buf_printf(&names, "%s%s", i ? ", " : "", bco_figures[i].name);
    p->code = names.failed ? bco_fail_memory(p->err)
                           : bco_fail(p->err, BCO_EUSAGE, "--require: unknown figure '%.*s', expected one of: %s",
                                      (int)length, p->at, names.data);
    bco_buf_free(&names);
    return false;
}

/* Digits, points and what an exponent needs; bco_number_parse says whether it is a number. */
static size_t number_length(const char *text) {
    size_t length = *text == '-' || *text == '+';
    for (; is_name(text[length]); length++)
        if ((text[length] | 32) == 'e' && (text[length + 1] == '-' || text[length + 1] == '+')) length++;
    return length;
}

/* `figure` NULL: a number. */
static bool operand(struct parser *p, double *value, const struct bco_figure **figure) {
    skip_blanks(p);
    *figure = NULL;
    size_t length = number_length(p->at);
    if (bco_number_parse(p->at, length, value)) {
        p->at += length;
        return true;
    }
    length = name_length(p->at);
    if (!length) return refuse(p, "a figure or a number");
    for (size_t i = 0; i < bco_figure_count; i++) {
        if (strlen(bco_figures[i].name) != length || strncmp(bco_figures[i].name, p->at, length) != 0) continue;
        *figure = &bco_figures[i];
        *value = p->stat ? bco_figure_value(p->stat, *figure) : 0;
        p->at += length;
        return true;
    }
    return unknown_figure(p, length);
}

enum comparison { LESS_EQUAL, GREATER_EQUAL, EQUAL_EQUAL, NOT_EQUAL, LESS, GREATER, EQUAL, COMPARISONS };

static bool comparison(struct parser *p, enum comparison *which) {
    static const char *const signs[COMPARISONS] = {"<=", ">=", "==", "!=", "<", ">", "="};
    skip_blanks(p);
    for (int i = 0; i < COMPARISONS; i++)
        if (strncmp(p->at, signs[i], strlen(signs[i])) == 0) {
            *which = (enum comparison)i;
            p->at += strlen(signs[i]);
            return true;
        }
    return refuse(p, "a comparison");
}

static bool compare(double a, double b, enum comparison which) {
    if (isnan(a) || isnan(b)) return false;
    switch (which) {
    case LESS_EQUAL: return a <= b;
    case GREATER_EQUAL: return a >= b;
    case NOT_EQUAL: return a != b;
    case LESS: return a < b;
    case GREATER: return a > b;
    default: return a == b;
    }
}

static void note(struct parser *p, const struct bco_figure *figure, double value) {
    if (!figure) return;
    bco_buf_printf(&p->facts, "%s%s is ", p->facts.length ? ", " : "", figure->name);
    bco_buf_double(&p->facts, value);
}

static bool disjunction(struct parser *p, bool *holds);

static bool term(struct parser *p, bool *holds) {
    double a, b;
    const struct bco_figure *left, *right;
    enum comparison which;
    skip_blanks(p);
    if (*p->at == '(') {
        if (++p->depth > DEEPEST) return refuse(p, "fewer brackets");
        p->at++;
        if (!disjunction(p, holds)) return false;
        skip_blanks(p);
        if (*p->at != ')') return refuse(p, "a closing bracket");
        p->at++;
        p->depth--;
        return true;
    }
    if (!operand(p, &a, &left) || !comparison(p, &which) || !operand(p, &b, &right)) return false;
    *holds = compare(a, b, which);
    if (!*holds) {
        note(p, left, a);
        note(p, right, b);
    }
    return true;
}

static bool conjunction(struct parser *p, bool *holds) {
    bool next;
    if (!term(p, holds)) return false;
    while (take_word(p, "and")) {
        if (!term(p, &next)) return false;
        *holds = *holds && next;
    }
    return true;
}

static bool disjunction(struct parser *p, bool *holds) {
    bool next;
    if (!conjunction(p, holds)) return false;
    while (take_word(p, "or")) {
        if (!conjunction(p, &next)) return false;
        *holds = *holds || next;
    }
    return true;
}

enum bco_code bco_stat_require(const struct bco_stat *stat, const char *expression, struct bco_error *err) {
    struct parser p = {.text = expression, .at = expression, .stat = stat, .err = err};
    bool holds = true;
    if (disjunction(&p, &holds)) {
        skip_blanks(&p);
        if (*p.at)
            refuse(&p, "and, or, or the end");
        else if (p.facts.failed)
            p.code = bco_fail_memory(err);
        else if (stat && !holds)
            p.code = bco_fail(err, BCO_EDATA, "--require '%s' does not hold: %s", expression,
                              p.facts.data ? p.facts.data : "it never does");
    }
    bco_buf_free(&p.facts);
    return p.code;
}

/* The grammar is Jinja2's, function by function, so that what parses there parses here. */
#include "text/jinja_parse.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/jinja_lex.h"

#include <string.h>

enum { MAX_DEPTH = 200 };

struct parser {
    struct bco_tokens tokens;
    size_t at;
    int depth, loops; /* loops: those around, where break and continue may stand */
    struct bco_arena *arena;
    struct bco_error *err;
    enum bco_code code;
};

/* ---- tokens and nodes ---------------------------------------------------------------- */

static const struct bco_token *now(const struct parser *p) {
    return &p->tokens.items[p->at];
}

static const struct bco_token *ahead(const struct parser *p) {
    return &p->tokens.items[p->at + (now(p)->kind != TOKEN_END)];
}

static void *fail(struct parser *p, const char *what, const char *name) {
    if (!p->code) p->code = bco_fail_at(p->err, BCO_EDATA, NULL, now(p)->line, NULL, what, name);
    return NULL;
}

static void *fail_memory(struct parser *p) {
    if (!p->code) p->code = bco_fail_memory(p->err);
    return NULL;
}

static bool is(const struct bco_token *token, enum bco_token_kind kind, const char *text) {
    return token->kind == kind && !strcmp(token->value.text, text);
}

static bool is_name(const struct parser *p, const char *name) {
    return is(now(p), TOKEN_NAME, name);
}

static bool is_operator(const struct parser *p, const char *text) {
    return is(now(p), TOKEN_OPERATOR, text);
}

static bool skip_name(struct parser *p, const char *name) {
    bool found = is_name(p, name);
    p->at += found;
    return found;
}

static bool skip_operator(struct parser *p, const char *text) {
    bool found = is_operator(p, text);
    p->at += found;
    return found;
}

static bool expect_operator(struct parser *p, const char *text) {
    if (skip_operator(p, text)) return true;
    fail(p, "expected '%s'", text);
    return false;
}

static bool expect_end_of_block(struct parser *p) {
    if (now(p)->kind != TOKEN_BLOCK_END) {
        fail(p, "expected %s", "the end of the tag");
        return false;
    }
    p->at++;
    return true;
}

static struct bco_node *new_node(struct parser *p, enum bco_node_kind kind, const char *name) {
    struct bco_node *node = bco_arena_get(p->arena, sizeof *node);
    if (!node) return fail_memory(p);
    *node = (struct bco_node){.kind = kind, .line = now(p)->line, .name = name};
    return node;
}

/* Returns `node`, or NULL after any failure; `child` may be NULL for what is absent. */
static struct bco_node *add(struct parser *p, struct bco_node *node, struct bco_node *child) {
    if (p->code || !node) return NULL;
    if (node->count == node->capacity) {
        size_t capacity = node->capacity * 2 + 2;
        struct bco_node **children = bco_arena_get(p->arena, capacity * sizeof *children);
        if (!children) return fail_memory(p);
        if (node->count) memcpy(children, node->children, node->count * sizeof(*children));
        node->children = children;
        node->capacity = capacity;
    }
    node->children[node->count++] = child;
    return node;
}

static struct bco_node *node_of(struct parser *p, enum bco_node_kind kind, const char *name, struct bco_node *a) {
    return add(p, new_node(p, kind, name), a);
}

static struct bco_node *node_of_two(struct parser *p, enum bco_node_kind kind, const char *name, struct bco_node *a,
                                    struct bco_node *b) {
    return add(p, node_of(p, kind, name, a), b);
}

static const char *take_name(struct parser *p) {
    if (now(p)->kind != TOKEN_NAME) return fail(p, "expected %s", "a name");
    return p->tokens.items[p->at++].value.text;
}

/* ---- expressions ----------------------------------------------------------------------- */

static struct bco_node *parse_expression(struct parser *p);
static struct bco_node *parse_unary(struct parser *p, bool with_filter);
static struct bco_node *parse_or(struct parser *p);
static struct bco_node *parse_postfix(struct parser *p, struct bco_node *node);
static struct bco_node *parse_filters(struct parser *p, struct bco_node *node);

static struct bco_node *constant(struct parser *p, struct bco_value value) {
    struct bco_node *node = new_node(p, NODE_CONSTANT, NULL);
    if (node) node->value = value;
    return node;
}

static struct bco_node *parse_list(struct parser *p) {
    struct bco_node *list = new_node(p, NODE_LIST, NULL);
    for (p->at++; !p->code && !is_operator(p, "]");) {
        if (list && list->count && !expect_operator(p, ",")) break;
        if (is_operator(p, "]")) break;
        add(p, list, parse_expression(p));
    }
    return expect_operator(p, "]") ? list : NULL;
}

static struct bco_node *parse_dict(struct parser *p) {
    struct bco_node *dict = new_node(p, NODE_DICT, NULL);
    for (p->at++; !p->code && !is_operator(p, "}");) {
        if (dict && dict->count && !expect_operator(p, ",")) break;
        if (is_operator(p, "}")) break;
        add(p, dict, parse_expression(p));
        if (p->code || !expect_operator(p, ":")) break;
        add(p, dict, parse_expression(p));
    }
    return !p->code && expect_operator(p, "}") ? dict : NULL;
}

static bool ends_tuple(const struct parser *p) {
    return now(p)->kind == TOKEN_PRINT_END || now(p)->kind == TOKEN_BLOCK_END || now(p)->kind == TOKEN_END ||
           is_operator(p, ")") || is_name(p, "recursive") || is_operator(p, "=");
}

/* One expression, or several with commas between as a tuple. `one`: parses each. */
static struct bco_node *parse_tuple(struct parser *p, struct bco_node *(*one)(struct parser *), bool parentheses) {
    struct bco_node *first = NULL, *tuple = new_node(p, NODE_TUPLE, NULL);
    bool comma = false;
    while (!p->code) {
        if (first && !skip_operator(p, ",")) break;
        comma = comma || first;
        if (ends_tuple(p)) break;
        struct bco_node *item = one(p);
        first = first ? first : item;
        add(p, tuple, item);
    }
    if (p->code || comma || (parentheses && !first)) return tuple;
    return first ? first : fail(p, "expected %s", "an expression");
}

static struct bco_node *parse_name(struct parser *p) {
    static const struct {
        const char *name;
        struct bco_value value;
    } constants[] = {{"true", {.kind = VALUE_BOOL, .truth = true}},
                     {"True", {.kind = VALUE_BOOL, .truth = true}},
                     {"false", {.kind = VALUE_BOOL, .truth = false}},
                     {"False", {.kind = VALUE_BOOL, .truth = false}},
                     {"none", {.kind = VALUE_NONE}},
                     {"None", {.kind = VALUE_NONE}}};
    const char *name = take_name(p);
    for (size_t i = 0; name && i < sizeof constants / sizeof *constants; i++)
        if (!strcmp(name, constants[i].name)) return constant(p, constants[i].value);
    return new_node(p, NODE_NAME, name);
}

/* Strings side by side are one. */
static struct bco_node *parse_strings(struct parser *p) {
    struct bco_node *node = constant(p, now(p)->value);
    size_t length = 0, end = p->at;
    for (; p->tokens.items[end].kind == TOKEN_STRING; end++) length += p->tokens.items[end].value.length;
    if (end == p->at + 1 || !node) {
        p->at = end;
        return node;
    }
    char *text = bco_arena_get(p->arena, length + 1);
    if (!text) return fail_memory(p);
    node->value = bco_value_text(text, length);
    for (; p->at < end; p->at++) {
        memcpy(text, now(p)->value.text, now(p)->value.length);
        text += now(p)->value.length;
    }
    *text = '\0';
    return node;
}

static struct bco_node *parse_primary(struct parser *p) {
    switch (now(p)->kind) {
    case TOKEN_NAME: return parse_name(p);
    case TOKEN_STRING: return parse_strings(p);
    case TOKEN_NUMBER: return constant(p, p->tokens.items[p->at++].value);
    default: break;
    }
    if (is_operator(p, "[")) return parse_list(p);
    if (is_operator(p, "{")) return parse_dict(p);
    if (!skip_operator(p, "(")) return fail(p, "expected %s", "an expression");
    struct bco_node *tuple = parse_tuple(p, parse_expression, true);
    return !p->code && expect_operator(p, ")") ? tuple : NULL;
}

static bool ends_slice_part(const struct parser *p) {
    return is_operator(p, ":") || is_operator(p, "]") || is_operator(p, ",");
}

/* x[...]: an item, or a slice where there is a colon. */
static struct bco_node *parse_subscript(struct parser *p, struct bco_node *node) {
    struct bco_node *parts[3] = {NULL, NULL, NULL};
    size_t colons = 0;
    if (!ends_slice_part(p)) parts[0] = parse_expression(p);
    while (!p->code && colons < 2 && skip_operator(p, ":")) {
        colons++;
        if (!ends_slice_part(p)) parts[colons] = parse_expression(p);
    }
    if (p->code || !expect_operator(p, "]")) return NULL;
    if (!colons) return parts[0] ? node_of_two(p, NODE_ITEM, NULL, node, parts[0]) : fail(p, "expected %s", "an index");
    struct bco_node *slice = node_of(p, NODE_SLICE, NULL, node);
    for (size_t i = 0; i < 3; i++) slice = add(p, slice, parts[i]);
    return slice;
}

static struct bco_node *parse_attribute(struct parser *p, struct bco_node *node) {
    if (now(p)->kind == TOKEN_NUMBER && now(p)->value.kind == VALUE_INT) {
        struct bco_value index = p->tokens.items[p->at++].value;
        return node_of_two(p, NODE_ITEM, NULL, node, constant(p, index));
    }
    return node_of(p, NODE_ATTRIBUTE, take_name(p), node);
}

/* Adds what stands between parentheses to a call, filter or test. */
static struct bco_node *parse_arguments(struct parser *p, struct bco_node *call) {
    bool named = false, first = true;
    while (!p->code && !is_operator(p, ")")) {
        if (!first && (!expect_operator(p, ",") || is_operator(p, ")"))) break;
        first = false;
        if (is_operator(p, "*") || is_operator(p, "**")) {
            p->at++;
            call = add(p, call, new_node(p, NODE_UNSUPPORTED, "* in a call"));
            parse_expression(p);
        } else if (now(p)->kind == TOKEN_NAME && is(ahead(p), TOKEN_OPERATOR, "=")) {
            const char *name = take_name(p);
            p->at++;
            call = add(p, call, node_of(p, NODE_KEYWORD, name, parse_expression(p)));
            named = true;
        } else if (named) {
            return fail(p, "%s follows a named one", "an argument without a name");
        } else {
            call = add(p, call, parse_expression(p));
        }
    }
    return !p->code && expect_operator(p, ")") ? call : NULL;
}

static struct bco_node *parse_postfix(struct parser *p, struct bco_node *node) {
    while (!p->code) {
        if (skip_operator(p, "."))
            node = parse_attribute(p, node);
        else if (skip_operator(p, "["))
            node = parse_subscript(p, node);
        else if (skip_operator(p, "("))
            node = parse_arguments(p, node_of(p, NODE_CALL, NULL, node));
        else
            break;
    }
    return node;
}

static struct bco_node *parse_filter(struct parser *p, struct bco_node *node) {
    struct bco_node *filter = node_of(p, NODE_FILTER, take_name(p), node);
    return !p->code && skip_operator(p, "(") ? parse_arguments(p, filter) : filter;
}

/* What a test may be given without parentheses: `is divisibleby 3`. */
static bool begins_argument(const struct parser *p) {
    const struct bco_token *token = now(p);
    if (token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER) return true;
    if (token->kind == TOKEN_OPERATOR) return is_operator(p, "[") || is_operator(p, "{");
    return token->kind == TOKEN_NAME && !is_name(p, "else") && !is_name(p, "or") && !is_name(p, "and");
}

static struct bco_node *parse_test(struct parser *p, struct bco_node *node) {
    bool negated = skip_name(p, "not");
    struct bco_node *test = node_of(p, NODE_TEST, take_name(p), node);
    if (!p->code && skip_operator(p, "(")) {
        test = parse_arguments(p, test);
    } else if (!p->code && begins_argument(p)) {
        if (is_name(p, "is")) return fail(p, "%s cannot be chained", "tests");
        struct bco_node *argument = parse_primary(p);
        test = add(p, test, p->code ? NULL : parse_postfix(p, argument));
    }
    return negated ? node_of(p, NODE_NOT, NULL, test) : test;
}

static struct bco_node *parse_filters(struct parser *p, struct bco_node *node) {
    while (!p->code) {
        if (skip_operator(p, "|"))
            node = parse_filter(p, node);
        else if (skip_name(p, "is"))
            node = parse_test(p, node);
        else if (node && skip_operator(p, "("))
            node = parse_arguments(p, node_of(p, NODE_CALL, NULL, node));
        else
            break;
    }
    return node;
}

static struct bco_node *parse_unary_deeper(struct parser *p, bool with_filter) {
    struct bco_node *node;
    if (skip_operator(p, "-"))
        node = node_of(p, NODE_NEGATE, NULL, parse_unary(p, false));
    else if (skip_operator(p, "+"))
        node = node_of(p, NODE_PLUS, NULL, parse_unary(p, false));
    else
        node = parse_primary(p);
    if (!p->code) node = parse_postfix(p, node);
    return !p->code && with_filter ? parse_filters(p, node) : node;
}

static struct bco_node *parse_unary(struct parser *p, bool with_filter) {
    if (++p->depth > MAX_DEPTH) return fail(p, "%s is nested too deeply", "an expression");
    struct bco_node *node = parse_unary_deeper(p, with_filter);
    p->depth--;
    return node;
}

static struct bco_node *parse_filtered_unary(struct parser *p) {
    return parse_unary(p, true);
}

/* A level of operators that bind to the left. */
static struct bco_node *parse_level(struct parser *p, const char *const *operators, size_t count,
                                    struct bco_node *(*next)(struct parser *)) {
    struct bco_node *left = next(p);
    for (size_t i = 0; !p->code && i < count;) {
        if (!skip_operator(p, operators[i])) {
            i++;
            continue;
        }
        left = node_of_two(p, NODE_BINARY, operators[i], left, next(p));
        i = 0;
    }
    return left;
}

static struct bco_node *parse_power(struct parser *p) {
    static const char *const operators[] = {"**"};
    return parse_level(p, operators, 1, parse_filtered_unary);
}

static struct bco_node *parse_product(struct parser *p) {
    static const char *const operators[] = {"*", "/", "//", "%"};
    return parse_level(p, operators, 4, parse_power);
}

static struct bco_node *parse_concatenation(struct parser *p) {
    static const char *const operators[] = {"~"};
    return parse_level(p, operators, 1, parse_product);
}

static struct bco_node *parse_sum(struct parser *p) {
    static const char *const operators[] = {"+", "-"};
    return parse_level(p, operators, 2, parse_concatenation);
}

static const char *take_comparison(struct parser *p) {
    static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (skip_operator(p, operators[i])) return operators[i];
    if (skip_name(p, "in")) return "in";
    if (!is_name(p, "not") || !is(ahead(p), TOKEN_NAME, "in")) return NULL;
    p->at += 2;
    return "not in";
}

static struct bco_node *parse_comparison(struct parser *p) {
    struct bco_node *left = parse_sum(p), *compare = NULL;
    for (const char *operator; !p->code && (operator= take_comparison(p)) != NULL;) {
        if (!compare) compare = node_of(p, NODE_COMPARE, NULL, left);
        add(p, compare, node_of(p, NODE_OPERAND, operator, parse_sum(p)));
    }
    return compare ? compare : left;
}

static struct bco_node *parse_not(struct parser *p) {
    if (!skip_name(p, "not")) return parse_comparison(p);
    if (++p->depth > MAX_DEPTH) return fail(p, "%s is nested too deeply", "an expression");
    struct bco_node *node = node_of(p, NODE_NOT, NULL, parse_not(p));
    p->depth--;
    return node;
}

static struct bco_node *parse_and(struct parser *p) {
    struct bco_node *left = parse_not(p);
    while (!p->code && skip_name(p, "and")) left = node_of_two(p, NODE_AND, NULL, left, parse_not(p));
    return left;
}

static struct bco_node *parse_or(struct parser *p) {
    struct bco_node *left = parse_and(p);
    while (!p->code && skip_name(p, "or")) left = node_of_two(p, NODE_OR, NULL, left, parse_and(p));
    return left;
}

static struct bco_node *parse_expression(struct parser *p) {
    if (++p->depth > MAX_DEPTH) return fail(p, "%s is nested too deeply", "an expression");
    struct bco_node *node = parse_or(p);
    while (!p->code && skip_name(p, "if")) {
        struct bco_node *test = parse_or(p), *otherwise = NULL;
        if (!p->code && skip_name(p, "else")) otherwise = parse_expression(p);
        node = add(p, node_of_two(p, NODE_CONDITION, NULL, test, node), otherwise);
    }
    p->depth--;
    return node;
}

/* ---- statements ------------------------------------------------------------------------ */

static struct bco_node *parse_body(struct parser *p, const char *const *ends, size_t count);

static struct bco_node *body_until(struct parser *p, const char *end) {
    struct bco_node *body = expect_end_of_block(p) ? parse_body(p, &end, 1) : NULL;
    if (p->code) return NULL;
    p->at++;
    return body;
}

static struct bco_node *parse_target_item(struct parser *p);

static struct bco_node *parse_target(struct parser *p) {
    return parse_tuple(p, parse_target_item, false);
}

static struct bco_node *parse_target_item(struct parser *p) {
    if (skip_operator(p, "(")) {
        if (++p->depth > MAX_DEPTH) return fail(p, "%s is nested too deeply", "a target");
        struct bco_node *inner = parse_target(p);
        p->depth--;
        return !p->code && expect_operator(p, ")") ? inner : NULL;
    }
    const char *name = take_name(p);
    struct bco_node *target = new_node(p, NODE_NAME, name);
    if (p->code || !skip_operator(p, ".")) return target;
    return node_of(p, NODE_ATTRIBUTE, take_name(p), target);
}

static struct bco_node *parse_if(struct parser *p) {
    static const char *const ends[] = {"elif", "else", "endif"};
    struct bco_node *first = new_node(p, NODE_IF, NULL), *node = first;
    for (;;) {
        struct bco_node *test = parse_tuple(p, parse_expression, false);
        add(p, node, test);
        if (p->code || !expect_end_of_block(p)) return NULL;
        add(p, node, parse_body(p, ends, 3));
        if (p->code) return NULL;
        if (!skip_name(p, "elif")) break;
        struct bco_node *next = new_node(p, NODE_IF, NULL);
        add(p, node, next);
        node = next;
    }
    if (skip_name(p, "else")) {
        add(p, node, body_until(p, "endif"));
    } else {
        p->at++;
        add(p, node, NULL);
    }
    return p->code ? NULL : first;
}

static struct bco_node *parse_for(struct parser *p) {
    static const char *const ends[] = {"endfor", "else"};
    struct bco_node *node = new_node(p, NODE_FOR, NULL), *otherwise = NULL;
    add(p, node, parse_target(p));
    if (!p->code && !skip_name(p, "in")) return fail(p, "expected '%s'", "in");
    add(p, node, p->code ? NULL : parse_tuple(p, parse_or, false));
    add(p, node, !p->code && skip_name(p, "if") ? parse_expression(p) : NULL);
    if (!p->code && node && skip_name(p, "recursive")) {
        node->kind = NODE_UNSUPPORTED;
        node->name = "recursive";
    }
    if (p->code || !expect_end_of_block(p)) return NULL;
    p->loops++;
    add(p, node, parse_body(p, ends, 2));
    p->loops--;
    if (p->code) return NULL;
    if (skip_name(p, "else"))
        otherwise = body_until(p, "endfor");
    else
        p->at++;
    return add(p, node, otherwise);
}

static struct bco_node *parse_set(struct parser *p) {
    struct bco_node *target = parse_target(p);
    if (p->code) return NULL;
    if (skip_operator(p, "=")) {
        struct bco_node *value = parse_tuple(p, parse_expression, false);
        return node_of_two(p, NODE_SET, NULL, target, value);
    }
    struct bco_node *filters = parse_filters(p, NULL);
    struct bco_node *body = p->code ? NULL : body_until(p, "endset");
    return add(p, node_of_two(p, NODE_SET_BLOCK, NULL, target, body), filters);
}

static struct bco_node *parse_macro(struct parser *p) {
    struct bco_node *macro = node_of(p, NODE_MACRO, take_name(p), NULL);
    if (p->code || !expect_operator(p, "(")) return NULL;
    while (!p->code && !is_operator(p, ")")) {
        if (macro->count > 1 && !expect_operator(p, ",")) return NULL;
        const char *name = take_name(p);
        if (p->code) return NULL;
        struct bco_node *fallback = skip_operator(p, "=") ? parse_expression(p) : NULL;
        macro = add(p, macro, node_of(p, NODE_PARAMETER, name, fallback));
    }
    if (p->code || !expect_operator(p, ")")) return NULL;
    int loops = p->loops;
    p->loops = 0;
    macro->children[0] = body_until(p, "endmacro");
    p->loops = loops;
    return p->code ? NULL : macro;
}

static struct bco_node *parse_with(struct parser *p) {
    struct bco_node *with = node_of(p, NODE_WITH, NULL, NULL);
    while (!p->code && now(p)->kind != TOKEN_BLOCK_END) {
        if (with->count > 1 && !expect_operator(p, ",")) return NULL;
        struct bco_node *target = parse_target_item(p);
        if (p->code || !expect_operator(p, "=")) return NULL;
        with = add(p, with, node_of_two(p, NODE_SET, NULL, target, parse_expression(p)));
    }
    if (p->code) return NULL;
    with->children[0] = body_until(p, "endwith");
    return p->code ? NULL : with;
}

static struct bco_node *parse_filter_block(struct parser *p) {
    struct bco_node *filters = parse_filter(p, NULL);
    if (!p->code) filters = parse_filters(p, filters);
    struct bco_node *body = p->code ? NULL : body_until(p, "endfilter");
    return node_of_two(p, NODE_FILTER_BLOCK, NULL, body, filters);
}

static struct bco_node *parse_generation(struct parser *p) {
    return node_of(p, NODE_SCOPE, NULL, body_until(p, "endgeneration"));
}

static struct bco_node *parse_break(struct parser *p) {
    return p->loops ? new_node(p, NODE_BREAK, NULL) : fail(p, "'%s' outside of a loop", "break");
}

static struct bco_node *parse_continue(struct parser *p) {
    return p->loops ? new_node(p, NODE_CONTINUE, NULL) : fail(p, "'%s' outside of a loop", "continue");
}

/* What Jinja knows and chat templates do not use: it is read over, and refused where it is executed. */
static struct bco_node *parse_unsupported(struct parser *p, const char *name, const char *end) {
    struct bco_node *node = new_node(p, NODE_UNSUPPORTED, name);
    while (now(p)->kind != TOKEN_BLOCK_END && now(p)->kind != TOKEN_END) p->at++;
    if (end) body_until(p, end);
    return p->code ? NULL : node;
}

static const struct {
    const char *name;
    struct bco_node *(*parse)(struct parser *p);
    const char *end; /* of one that is not supported */
} statements[] = {
    {"if", parse_if, NULL},
    {"for", parse_for, NULL},
    {"set", parse_set, NULL},
    {"macro", parse_macro, NULL},
    {"with", parse_with, NULL},
    {"filter", parse_filter_block, NULL},
    {"generation", parse_generation, NULL},
    {"break", parse_break, NULL},
    {"continue", parse_continue, NULL},
    {"call", NULL, "endcall"},
    {"block", NULL, "endblock"},
    {"autoescape", NULL, "endautoescape"},
    {"include", NULL, NULL},
    {"import", NULL, NULL},
    {"from", NULL, NULL},
    {"extends", NULL, NULL},
};

static struct bco_node *parse_statement(struct parser *p) {
    const char *name = take_name(p);
    for (size_t i = 0; name && i < sizeof statements / sizeof *statements; i++) {
        if (strcmp(name, statements[i].name) != 0) continue;
        struct bco_node *node =
            statements[i].parse ? statements[i].parse(p) : parse_unsupported(p, statements[i].name, statements[i].end);
        return p->code || !expect_end_of_block(p) ? NULL : node;
    }
    return name ? fail(p, "unknown tag '%s'", name) : NULL;
}

static struct bco_node *parse_print(struct parser *p) {
    struct bco_node *node = node_of(p, NODE_PRINT, NULL, parse_tuple(p, parse_expression, false));
    if (p->code) return NULL;
    if (now(p)->kind != TOKEN_PRINT_END) return fail(p, "expected '%s'", "}}");
    p->at++;
    return node;
}

static bool at_end(const struct parser *p, const char *const *ends, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is(&p->tokens.items[p->at + 1], TOKEN_NAME, ends[i])) return true;
    return false;
}

/* Statements up to a tag that one of `ends` begins, which is not taken; with none, to the template's end. */
static struct bco_node *parse_statements(struct parser *p, const char *const *ends, size_t count) {
    struct bco_node *body = new_node(p, NODE_BODY, NULL), *node;
    while (!p->code) {
        switch (now(p)->kind) {
        case TOKEN_DATA:
            node = new_node(p, NODE_DATA, NULL);
            if (node) node->value = now(p)->value;
            p->at++;
            break;
        case TOKEN_PRINT_BEGIN:
            p->at++;
            node = parse_print(p);
            break;
        case TOKEN_BLOCK_BEGIN:
            if (at_end(p, ends, count)) {
                p->at++;
                return body;
            }
            p->at++;
            node = parse_statement(p);
            break;
        default: return count ? fail(p, "the template ends where '%s' should be", ends[count - 1]) : body;
        }
        add(p, body, node);
    }
    return NULL;
}

static struct bco_node *parse_body(struct parser *p, const char *const *ends, size_t count) {
    if (++p->depth > MAX_DEPTH) return fail(p, "%s are nested too deeply", "tags");
    struct bco_node *body = parse_statements(p, ends, count);
    p->depth--;
    return body;
}

enum bco_code bco_jinja_parse(const char *source, size_t length, struct bco_arena *arena, struct bco_node **tree,
                              struct bco_error *err) {
    struct parser p = {.arena = arena, .err = err};
    p.code = bco_jinja_lex(source, length, arena, &p.tokens, err);
    if (!p.code) *tree = parse_body(&p, NULL, 0);
    free(p.tokens.items);
    return p.code;
}

/* A template as a tree. */
#ifndef BCO_TEXT_JINJA_PARSE_H
#define BCO_TEXT_JINJA_PARSE_H

#include "text/value.h"

#include <bco/error.h>

enum bco_node_kind {
    /* statements */
    NODE_BODY,         /* children */
    NODE_DATA,         /* value */
    NODE_PRINT,        /* child 0 */
    NODE_IF,           /* test, body, else (or NULL) */
    NODE_FOR,          /* target, items, test (or NULL), body, else (or NULL) */
    NODE_SET,          /* target, expression */
    NODE_SET_BLOCK,    /* target, body, filters around an empty expression (or NULL) */
    NODE_MACRO,        /* body, then parameters: NODE_PARAMETER */
    NODE_PARAMETER,    /* name; default (or NULL) */
    NODE_SCOPE,        /* child 0, in a scope of its own: generation */
    NODE_WITH,         /* body, then NODE_SET */
    NODE_FILTER_BLOCK, /* body, filters around an empty expression */
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_UNSUPPORTED, /* name: refused when it is executed */
    /* expressions */
    NODE_CONSTANT,  /* value */
    NODE_NAME,      /* name */
    NODE_LIST,      /* children */
    NODE_TUPLE,     /* children */
    NODE_DICT,      /* key, value, key, value, ... */
    NODE_ATTRIBUTE, /* child 0; name */
    NODE_ITEM,      /* child 0, child 1 */
    NODE_SLICE,     /* child 0; start, stop, step, each may be NULL */
    NODE_CALL,      /* callee, then arguments; NODE_KEYWORD last */
    NODE_KEYWORD,   /* name; child 0 */
    NODE_FILTER,    /* name; child 0 (NULL: what the block made), then arguments */
    NODE_TEST,      /* name; child 0, then arguments */
    NODE_CONDITION, /* test, then, else (or NULL) */
    NODE_NOT,
    NODE_AND,
    NODE_OR,
    NODE_NEGATE,
    NODE_PLUS,
    NODE_BINARY,  /* name: the operator; child 0, child 1 */
    NODE_COMPARE, /* child 0, then NODE_OPERAND */
    NODE_OPERAND  /* name: the operator, `in` and `not in` among them; child 0 */
};

struct bco_node {
    enum bco_node_kind kind;
    size_t line;
    const char *name;
    struct bco_value value;
    struct bco_node **children; /* NULL in it: what is absent */
    size_t count, capacity;
};

/* The tree lies in `arena`. BCO_EDATA: not a template; err->line is the template's line. */
enum bco_code bco_jinja_parse(const char *source, size_t length, struct bco_arena *arena, struct bco_node **tree,
                              struct bco_error *err);

#endif

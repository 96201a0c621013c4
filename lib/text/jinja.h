/* Running a template. What a template does is counted, in steps and in bytes,
 * and has no way to the world outside but its text. */
#ifndef BCO_TEXT_JINJA_H
#define BCO_TEXT_JINJA_H

#include "text/jinja_parse.h"

#include <time.h>

enum { BCO_JINJA_STEPS = 10000000, BCO_JINJA_BYTES = BCO_VALUE_WEIGHT, BCO_JINJA_DEPTH = 1000 };

struct bco_scope {
    struct bco_scope *parent;
    struct bco_variable *first;
};

struct bco_jinja {
    struct bco_arena arena; /* all values */
    struct bco_buf *out;
    struct bco_scope *scope;
    struct tm now;
    size_t steps, line; /* line: of what is being executed */
    int depth;
    enum { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE } flow;
    bool raised; /* raise_exception: the message is the template's own */
    enum bco_code code;
    struct bco_error *err;
};

struct bco_arguments {
    struct bco_value *items; /* [count] */
    size_t count;
    const char **names; /* [named] */
    struct bco_value *values;
    size_t named;
};

/* A function of the language, or a method of `self`. */
struct bco_function {
    const char *name;
    bool (*call)(struct bco_jinja *vm, const struct bco_function *function, const struct bco_arguments *arguments,
                 struct bco_value *result);
    struct bco_value self;
};

struct bco_macro {
    const struct bco_node *node;
    struct bco_scope *scope; /* where it was defined */
};

struct bco_loop {
    struct bco_value_list *items;
    size_t index;             /* 0-based */
    struct bco_value changed; /* what loop.changed saw last */
};

/* Runs `tree` with the variables of `vm->scope`; the text goes to vm->out.
 * False: vm->code and vm->err say why. */
bool bco_jinja_run(struct bco_jinja *vm, const struct bco_node *tree);

/* ---- for the parts of the interpreter --------------------------------------------------- */

bool bco_jinja_fail(struct bco_jinja *vm, const char *format, ...) BCO_PRINTF(2, 3);
bool bco_jinja_memory(struct bco_jinja *vm); /* false, out of memory or over the limit */
/* The text in `buf`, which is freed. */
bool bco_jinja_take(struct bco_jinja *vm, struct bco_buf *buf, struct bco_value *text);

bool bco_jinja_set(struct bco_jinja *vm, struct bco_scope *scope, const char *name, struct bco_value value);
bool bco_jinja_print(struct bco_jinja *vm, struct bco_value value, struct bco_value *text); /* str() */

/* The items to go through: of a list, a dict's keys, a text's characters. */
bool bco_jinja_items(struct bco_jinja *vm, struct bco_value value, struct bco_value *list);

/* x.name and x[key]; what is not there is undefined, not an error. */
bool bco_jinja_attribute(struct bco_jinja *vm, struct bco_value value, const char *name, struct bco_value *result);
bool bco_jinja_item(struct bco_jinja *vm, struct bco_value value, struct bco_value key, struct bco_value *result);
bool bco_jinja_undefined(struct bco_jinja *vm, struct bco_value *result, const char *format, ...) BCO_PRINTF(3, 4);

bool bco_jinja_call(struct bco_jinja *vm, struct bco_value callee, const struct bco_arguments *arguments,
                    struct bco_value *result);
bool bco_jinja_contains(struct bco_jinja *vm, struct bco_value item, struct bco_value in, bool *result);
bool bco_jinja_compare(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b,
                       bool *result);
bool bco_jinja_binary(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b,
                      struct bco_value *result);

bool bco_jinja_filter(struct bco_jinja *vm, const char *name, struct bco_value value,
                      const struct bco_arguments *arguments, struct bco_value *result);
bool bco_jinja_test(struct bco_jinja *vm, const char *name, struct bco_value value,
                    const struct bco_arguments *arguments, bool *result);
/* False: there is no such method, nothing is said. */
bool bco_jinja_method(struct bco_jinja *vm, struct bco_value self, const char *name, struct bco_value *result);
bool bco_jinja_global(struct bco_jinja *vm, const char *name, struct bco_value *result);

/* Argument number `at` (from 0), or the one called `name`; NULL: not given. */
const struct bco_value *bco_argument(const struct bco_arguments *arguments, size_t at, const char *name);
/* Argument texts; false: given and no text. Not given: *text stays. */
bool bco_argument_text(struct bco_jinja *vm, const struct bco_arguments *arguments, size_t at, const char *name,
                       struct bco_value *text);
bool bco_argument_int(struct bco_jinja *vm, const struct bco_arguments *arguments, size_t at, const char *name,
                      int64_t *integer);

#endif

/* The values of the template language: those of Python that chat templates use.
 * They live in an arena; lists and dicts are never changed once they are made. */
#ifndef BCO_TEXT_VALUE_H
#define BCO_TEXT_VALUE_H

#include "base/buf.h"
#include "text/arena.h"

#include <stdint.h>
#include <yyjson.h>

enum bco_value_kind {
    VALUE_UNDEFINED, /* text: why, as in "'x' is undefined" */
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_DICT,
    VALUE_NAMESPACE, /* a dict that `set ns.x` changes */
    VALUE_MACRO,
    VALUE_FUNCTION, /* of the language, or a method with the value it is of */
    VALUE_LOOP
};

struct bco_value {
    enum bco_value_kind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        struct {
            const char *text; /* UTF-8, terminated */
            size_t length;    /* bytes */
        };
        struct bco_value_list *list; /* of a list or tuple */
        struct bco_value_dict *dict; /* of a dict or namespace */
        const struct bco_macro *macro;
        const struct bco_function *function;
        struct bco_loop *loop;
    };
};

struct bco_value_list {
    struct bco_value *items;
    size_t count, capacity;
    size_t weight; /* bytes of the texts in it and 1 for each value, of the values in those too */
    int depth;     /* of the values in it, 1 more */
};

struct bco_pair {
    struct bco_value key, value;
};
struct bco_value_dict {
    struct bco_pair *pairs; /* in the order in which they came */
    size_t count, capacity;
    uint32_t *slots;   /* where there are many: open addressing, a pair's place + 1, 0 empty */
    size_t slot_count; /* a power of two */
    size_t weight;
    int depth;
};

struct bco_value bco_value_none(void);
struct bco_value bco_value_bool(bool truth);
struct bco_value bco_value_int(int64_t integer);
struct bco_value bco_value_float(double real);
struct bco_value bco_value_text(const char *text, size_t length); /* not copied */

/* Values that share parts can be far larger than the memory they take: what is printed or compared has an end by this
 * limit on a list's or dict's weight, and by one on nesting. */
enum { BCO_VALUE_WEIGHT = 256 << 20, BCO_VALUE_DEPTH = 1000 };

/* Those that need memory: false where there is none, or values are nested too deeply or weigh too much. */
bool bco_value_copy_text(struct bco_arena *arena, const char *text, size_t length, struct bco_value *value);
bool bco_value_new_list(struct bco_arena *arena, enum bco_value_kind kind, size_t capacity, struct bco_value *value);
bool bco_value_new_dict(struct bco_arena *arena, enum bco_value_kind kind, struct bco_value *value);
bool bco_list_add(struct bco_arena *arena, struct bco_value_list *list, struct bco_value item);
bool bco_dict_set(struct bco_arena *arena, struct bco_value_dict *dict, struct bco_value key, struct bco_value value);
bool bco_value_from_json(struct bco_arena *arena, yyjson_val *json, struct bco_value *value);

/* Adds an item's weight and depth to those of what holds it; false: over a limit. */
bool bco_value_load(struct bco_value item, size_t *weight, int *depth);
size_t bco_value_weight(struct bco_value value);

/* NULL: not there. */
const struct bco_value *bco_dict_get(const struct bco_value_dict *dict, struct bco_value key);
const struct bco_value *bco_dict_get_text(const struct bco_value_dict *dict, const char *key);

bool bco_value_is_text(struct bco_value value, const char *text);
bool bco_value_is_number(struct bco_value value); /* true and false are 1 and 0 */
double bco_value_number(struct bco_value value);
bool bco_value_truth(struct bco_value value);
bool bco_value_equal(struct bco_value a, struct bco_value b);
/* -1, 0 or 1; false: these two have no order. */
bool bco_value_compare(struct bco_value a, struct bco_value b, int *order);
const char *bco_value_type(struct bco_value value); /* "str", "NoneType", ... */

/* Python's str() and repr(). */
void bco_value_print(struct bco_value value, struct bco_buf *out);
void bco_value_repr(struct bco_value value, struct bco_buf *out);

struct bco_json_style {
    bool ascii, sorted;
    int indent;               /* -1: one line */
    const char *item, *colon; /* what stands between items, and behind a key; NULL: json.dumps's own */
};
/* json.dumps. false: this value cannot be JSON. */
bool bco_value_json(struct bco_value value, const struct bco_json_style *style, struct bco_buf *out);

/* Characters of a text, and the byte where character `n` begins. */
size_t bco_text_characters(const char *text, size_t length);
size_t bco_text_offset(const char *text, size_t length, size_t n);
bool bco_is_python_space(uint32_t c); /* str.isspace: White_Space and U+001C to U+001F */

#endif

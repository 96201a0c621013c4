/* What operators do with values, as in Python. */
#define _GNU_SOURCE /* memmem */
#include "text/jinja.h"

#include "text/unicode.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bco_jinja_undefined(struct bco_jinja *vm, struct bco_value *result, const char *format, ...) {
    char message[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (!bco_value_copy_text(&vm->arena, message, (size_t)length < sizeof message ? (size_t)length : sizeof message - 1,
                             result))
        return bco_jinja_memory(vm);
    result->kind = VALUE_UNDEFINED;
    return true;
}

bool bco_jinja_print(struct bco_jinja *vm, struct bco_value value, struct bco_value *text) {
    struct bco_buf buf = {0};
    if (value.kind == VALUE_STRING) {
        *text = value;
        return true;
    }
    bco_value_print(value, &buf);
    return bco_jinja_take(vm, &buf, text);
}

/* ---- going through ----------------------------------------------------------------------- */

static bool characters(struct bco_jinja *vm, struct bco_value text, struct bco_value_list *list) {
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        struct bco_value one;
        size_t step = bco_utf8_next(text.text + i, text.length - i, &c);
        if (!bco_value_copy_text(&vm->arena, text.text + i, step, &one) || !bco_list_add(&vm->arena, list, one))
            return bco_jinja_memory(vm);
        i += step;
    }
    return true;
}

bool bco_jinja_items(struct bco_jinja *vm, struct bco_value value, struct bco_value *list) {
    if (value.kind == VALUE_LIST || value.kind == VALUE_TUPLE) {
        *list = value;
        return true;
    }
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, 0, list)) return bco_jinja_memory(vm);
    if (value.kind == VALUE_UNDEFINED) return true;
    if (value.kind == VALUE_STRING) return characters(vm, value, list->list);
    if (value.kind != VALUE_DICT) return bco_jinja_fail(vm, "'%s' object is not iterable", bco_value_type(value));
    for (size_t i = 0; i < value.dict->count; i++)
        if (!bco_list_add(&vm->arena, list->list, value.dict->pairs[i].key)) return bco_jinja_memory(vm);
    return true;
}

/* ---- x.name and x[key] --------------------------------------------------------------------- */

static bool loop_neighbour(struct bco_jinja *vm, const struct bco_loop *loop, size_t at, const char *name,
                           struct bco_value *result) {
    if (at >= loop->items->count) return bco_jinja_undefined(vm, result, "there is no %s item", name);
    *result = loop->items->items[at];
    return true;
}

static bool loop_attribute(struct bco_jinja *vm, const struct bco_loop *loop, const char *name,
                           struct bco_value *result) {
    int64_t index = (int64_t)loop->index, count = (int64_t)loop->items->count;
    const struct {
        const char *name;
        struct bco_value value;
    } attributes[] = {{"index", bco_value_int(index + 1)},
                      {"index0", bco_value_int(index)},
                      {"revindex", bco_value_int(count - index)},
                      {"revindex0", bco_value_int(count - index - 1)},
                      {"first", bco_value_bool(index == 0)},
                      {"last", bco_value_bool(index == count - 1)},
                      {"length", bco_value_int(count)},
                      {"depth", bco_value_int(1)},
                      {"depth0", bco_value_int(0)}};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (strcmp(name, attributes[i].name) != 0) continue;
        *result = attributes[i].value;
        return true;
    }
    if (!strcmp(name, "previtem")) return loop_neighbour(vm, loop, loop->index - 1, "previous", result);
    if (!strcmp(name, "nextitem")) return loop_neighbour(vm, loop, loop->index + 1, "next", result);
    return bco_jinja_undefined(vm, result, "the loop has no attribute '%s'", name);
}

static const char *type_words(struct bco_value value) {
    return value.kind == VALUE_NONE ? "None" : bco_value_type(value);
}

/* Underscores are the sandbox's own ground. */
static bool missing(struct bco_jinja *vm, struct bco_value value, const char *name, struct bco_value *result) {
    return bco_jinja_undefined(vm, result, "'%s%s' has no attribute '%s'", type_words(value),
                               value.kind == VALUE_NONE ? "" : " object", name);
}

bool bco_jinja_attribute(struct bco_jinja *vm, struct bco_value value, const char *name, struct bco_value *result) {
    if (value.kind == VALUE_UNDEFINED) return bco_jinja_fail(vm, "%s", value.text);
    if (value.kind == VALUE_LOOP && strcmp(name, "cycle") != 0 && strcmp(name, "changed") != 0)
        return loop_attribute(vm, value.loop, name, result);
    if (bco_jinja_method(vm, value, name, result)) return true;
    if (vm->code) return false;
    const struct bco_value *found =
        value.kind == VALUE_DICT || value.kind == VALUE_NAMESPACE ? bco_dict_get_text(value.dict, name) : NULL;
    if (!found) return missing(vm, value, name, result);
    *result = *found;
    return true;
}

static bool item_at(struct bco_jinja *vm, struct bco_value value, int64_t at, struct bco_value *result) {
    bool text = value.kind == VALUE_STRING;
    int64_t count = (int64_t)(text ? bco_text_characters(value.text, value.length) : value.list->count);
    if (at < 0) at += count;
    if (at < 0 || at >= count)
        return bco_jinja_undefined(vm, result, "'%s' object has no such item", bco_value_type(value));
    if (!text) {
        *result = value.list->items[at];
        return true;
    }
    size_t start = bco_text_offset(value.text, value.length, (size_t)at);
    uint32_t c;
    size_t size = bco_utf8_next(value.text + start, value.length - start, &c);
    return bco_value_copy_text(&vm->arena, value.text + start, size, result) || bco_jinja_memory(vm);
}

bool bco_jinja_item(struct bco_jinja *vm, struct bco_value value, struct bco_value key, struct bco_value *result) {
    if (value.kind == VALUE_UNDEFINED) return bco_jinja_fail(vm, "%s", value.text);
    bool sequence = value.kind == VALUE_LIST || value.kind == VALUE_TUPLE || value.kind == VALUE_STRING;
    if (sequence && (key.kind == VALUE_INT || key.kind == VALUE_BOOL))
        return item_at(vm, value, key.kind == VALUE_INT ? key.integer : key.truth, result);
    const struct bco_value *found = value.kind == VALUE_DICT ? bco_dict_get(value.dict, key) : NULL;
    if (found) {
        *result = *found;
        return true;
    }
    if (key.kind == VALUE_STRING) return bco_jinja_attribute(vm, value, key.text, result);
    return bco_jinja_undefined(vm, result, "'%s' object has no such item", bco_value_type(value));
}

/* ---- comparisons ----------------------------------------------------------------------------- */

bool bco_jinja_contains(struct bco_jinja *vm, struct bco_value item, struct bco_value in, bool *result) {
    *result = false;
    switch (in.kind) {
    case VALUE_UNDEFINED: return true;
    case VALUE_STRING:
        if (item.kind != VALUE_STRING)
            return bco_jinja_fail(vm, "'in <string>' requires string as left operand, not %s", bco_value_type(item));
        *result = memmem(in.text, in.length, item.text, item.length) != NULL;
        vm->steps += in.length / 64;
        return true;
    case VALUE_DICT: *result = bco_dict_get(in.dict, item) != NULL; return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < in.list->count && !*result; i++) *result = bco_value_equal(in.list->items[i], item);
        vm->steps += in.list->count / 8;
        return true;
    default: return bco_jinja_fail(vm, "argument of type '%s' is not iterable", bco_value_type(in));
    }
}

bool bco_jinja_compare(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b,
                       bool *result) {
    if (!strcmp(operator, "in") || !strcmp(operator, "not in")) {
        if (!bco_jinja_contains(vm, a, b, result)) return false;
        *result = *result == (operator[0] == 'i');
        return true;
    }
    if (!strcmp(operator, "==") || !strcmp(operator, "!=")) {
        *result = bco_value_equal(a, b) == (operator[0] == '=');
        return true;
    }
    int order = 0;
    if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED)
        return bco_jinja_fail(vm, "%s", a.kind == VALUE_UNDEFINED ? a.text : b.text);
    if (!bco_value_compare(a, b, &order))
        return bco_jinja_fail(vm, "'%s' not supported between instances of '%s' and '%s'", operator, bco_value_type(a),
                              bco_value_type(b));
    bool equal = operator[1] == '=' && order == 0;
    *result = equal || (operator[0] == '<' ? order < 0 : order> 0);
    return true;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static bool join_texts(struct bco_jinja *vm, struct bco_value a, struct bco_value b, struct bco_value *result) {
    char *text = bco_arena_get(&vm->arena, a.length + b.length + 1);
    if (!text) return bco_jinja_memory(vm);
    memcpy(text, a.text, a.length);
    memcpy(text + a.length, b.text, b.length);
    text[a.length + b.length] = '\0';
    *result = bco_value_text(text, a.length + b.length);
    return true;
}

static bool join_lists(struct bco_jinja *vm, struct bco_value a, struct bco_value b, struct bco_value *result) {
    struct bco_value both;
    if (!bco_value_new_list(&vm->arena, a.kind, a.list->count + b.list->count, &both)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < a.list->count + b.list->count; i++) {
        struct bco_value item = i < a.list->count ? a.list->items[i] : b.list->items[i - a.list->count];
        if (!bco_list_add(&vm->arena, both.list, item)) return bco_jinja_memory(vm);
    }
    *result = both;
    return true;
}

static bool repeat(struct bco_jinja *vm, struct bco_value value, int64_t times, struct bco_value *result) {
    size_t unit = value.kind == VALUE_STRING ? value.length : value.list->count, total;
    if (times < 0) times = 0;
    if (__builtin_mul_overflow(unit, (size_t)times, &total) || total > BCO_JINJA_BYTES) return bco_jinja_memory(vm);
    if (value.kind == VALUE_STRING) {
        char *text = bco_arena_get(&vm->arena, total + 1);
        if (!text) return bco_jinja_memory(vm);
        for (size_t i = 0; unit && i < (size_t)times; i++) memcpy(text + i * unit, value.text, unit);
        text[total] = '\0';
        *result = bco_value_text(text, total);
        return true;
    }
    struct bco_value list;
    if (!bco_value_new_list(&vm->arena, value.kind, total, &list)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < total; i++)
        if (!bco_list_add(&vm->arena, list.list, value.list->items[i % unit])) return bco_jinja_memory(vm);
    *result = list;
    return true;
}

static bool is_sequence(struct bco_value value) {
    return value.kind == VALUE_STRING || value.kind == VALUE_LIST || value.kind == VALUE_TUPLE;
}

static int64_t whole(struct bco_value value) {
    return value.kind == VALUE_INT ? value.integer : value.truth;
}

/* Python rounds quotients down, and remainders have the divisor's sign. */
static bool divide_whole(int64_t a, int64_t b, bool remainder, int64_t *result) {
    if (a == INT64_MIN && b == -1) {
        *result = 0;
        return remainder;
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    *result = remainder ? rest : quotient;
    return true;
}

static bool power_whole(int64_t a, int64_t b, int64_t *result) {
    *result = 1;
    for (; b > 0; b >>= 1) {
        if (b & 1 && __builtin_mul_overflow(*result, a, result)) return false;
        if (b > 1 && __builtin_mul_overflow(a, a, &a)) return false;
    }
    return true;
}

static bool whole_numbers(struct bco_jinja *vm, const char *operator, int64_t a, int64_t b, struct bco_value *result) {
    int64_t value = 0;
    bool fits = false;
    switch (operator[0]) {
    case '+': fits = !__builtin_add_overflow(a, b, &value); break;
    case '-': fits = !__builtin_sub_overflow(a, b, &value); break;
    case '*': fits = operator[1] == '*' ? power_whole(a, b, &value) : !__builtin_mul_overflow(a, b, &value); break;
    default: fits = divide_whole(a, b, operator[0] == '%', &value);
    }
    *result = bco_value_int(value);
    return fits || bco_jinja_fail(vm, "a whole number is too large");
}

static bool real_numbers(const char *operator, double a, double b, struct bco_value *result) {
    double value = 0;
    switch (operator[0]) {
    case '+': value = a + b; break;
    case '-': value = a - b; break;
    case '*': value = operator[1] == '*' ? pow(a, b) : a * b; break;
    case '/': value = operator[1] == '/' ? floor(a / b) : a / b; break;
    default:
        value = fmod(a, b);
        if (value != 0 && (value < 0) != (b < 0)) value += b;
    }
    *result = bco_value_float(value);
    return true;
}

static bool numbers(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b,
                    struct bco_value *result) {
    bool division = operator[0] == '/' || operator[0] == '%';
    if (division && bco_value_number(b) == 0) return bco_jinja_fail(vm, "division by zero");
    bool real = a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT || !strcmp(operator, "/") ||
                (!strcmp(operator, "**") && whole(b) < 0);
    return real ? real_numbers(operator, bco_value_number(a), bco_value_number(b), result)
                : whole_numbers(vm, operator, whole(a), whole(b), result);
}

static bool mismatch(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b) {
    if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED)
        return bco_jinja_fail(vm, "%s", a.kind == VALUE_UNDEFINED ? a.text : b.text);
    if (operator[0] == '%' && a.kind == VALUE_STRING) return bco_jinja_fail(vm, "'%%' on a text is not supported");
    if (operator[0] == '+' && a.kind == VALUE_STRING)
        return bco_jinja_fail(vm, "can only concatenate str (not \"%s\") to str", bco_value_type(b));
    return bco_jinja_fail(vm, "unsupported operand type(s) for %s: '%s' and '%s'", operator, bco_value_type(a),
                          bco_value_type(b));
}

bool bco_jinja_binary(struct bco_jinja *vm, const char *operator, struct bco_value a, struct bco_value b,
                      struct bco_value *result) {
    if (operator[0] == '~')
        return bco_jinja_print(vm, a, &a) && bco_jinja_print(vm, b, &b) && join_texts(vm, a, b, result);
    if (bco_value_is_number(a) && bco_value_is_number(b)) return numbers(vm, operator, a, b, result);
    if (!strcmp(operator, "+") && a.kind == b.kind && is_sequence(a))
        return a.kind == VALUE_STRING ? join_texts(vm, a, b, result) : join_lists(vm, a, b, result);
    if (!strcmp(operator, "*") && is_sequence(a) && (b.kind == VALUE_INT || b.kind == VALUE_BOOL))
        return repeat(vm, a, whole(b), result);
    if (!strcmp(operator, "*") && is_sequence(b) && (a.kind == VALUE_INT || a.kind == VALUE_BOOL))
        return repeat(vm, b, whole(a), result);
    return mismatch(vm, operator, a, b);
}

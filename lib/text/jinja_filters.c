/* Filters and tests. */
#include "text/jinja.h"

#include "text/unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef bool filter_call(struct bco_jinja *vm, const char *name, struct bco_value value,
                         const struct bco_arguments *arguments, struct bco_value *result);

/* The method of the same name does it. */
static bool by_method(struct bco_jinja *vm, const char *name, struct bco_value value,
                      const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value method;
    if (!bco_jinja_print(vm, value, &value)) return false;
    if (!bco_jinja_method(vm, value, name, &method))
        return vm->code ? false : bco_jinja_fail(vm, "no method '%s'", name);
    return bco_jinja_call(vm, method, arguments, result);
}

static bool filter_trim(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    return by_method(vm, "strip", value, arguments, result);
}

static bool filter_string(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    (void)arguments;
    return bco_jinja_print(vm, value, result);
}

static bool filter_length(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    (void)arguments;
    size_t length = 0;
    switch (value.kind) {
    case VALUE_UNDEFINED: break;
    case VALUE_STRING: length = bco_text_characters(value.text, value.length); break;
    case VALUE_LIST:
    case VALUE_TUPLE: length = value.list->count; break;
    case VALUE_DICT: length = value.dict->count; break;
    default: return bco_jinja_fail(vm, "object of type '%s' has no len()", bco_value_type(value));
    }
    *result = bco_value_int((int64_t)length);
    return true;
}

static bool json_style(struct bco_jinja *vm, const struct bco_arguments *arguments, struct bco_json_style *style,
                       struct bco_value *separators) {
    const struct bco_value *ascii = bco_argument(arguments, 0, "ensure_ascii"),
                           *given = bco_argument(arguments, 2, "separators"),
                           *sorted = bco_argument(arguments, 3, "sort_keys");
    int64_t indent = -1;
    /* Positional arguments are in the order of transformers' own tojson. */
    if (!bco_argument_int(vm, arguments, 1, "indent", &indent)) return false;
    style->ascii = ascii && bco_value_truth(*ascii);
    style->sorted = sorted && bco_value_truth(*sorted);
    style->indent = indent < 0 ? (indent == -1 ? -1 : 0) : indent > 64 ? 64 : (int)indent;
    if (!given || given->kind == VALUE_NONE) return true;
    if (!bco_jinja_items(vm, *given, separators)) return false;
    const struct bco_value *items = separators->list->items;
    if (separators->list->count != 2 || items[0].kind != VALUE_STRING || items[1].kind != VALUE_STRING)
        return bco_jinja_fail(vm, "tojson: separators must be two texts");
    style->item = items[0].text;
    style->colon = items[1].text;
    return true;
}

static bool filter_tojson(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    struct bco_json_style style = {0};
    struct bco_value separators;
    struct bco_buf out = {0};
    if (!json_style(vm, arguments, &style, &separators)) return false;
    if (bco_value_json(value, &style, &out)) return bco_jinja_take(vm, &out, result);
    bco_buf_free(&out);
    return bco_jinja_fail(vm, "Object of type %s is not JSON serializable", bco_value_type(value));
}

static bool filter_list(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    (void)arguments;
    struct bco_value items;
    if (!bco_jinja_items(vm, value, &items) || !bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return false;
    for (size_t i = 0; i < items.list->count; i++)
        if (!bco_list_add(&vm->arena, result->list, items.list->items[i])) return bco_jinja_memory(vm);
    return true;
}

static bool filter_first(struct bco_jinja *vm, const char *name, struct bco_value value,
                         const struct bco_arguments *arguments, struct bco_value *result) {
    (void)arguments;
    struct bco_value items;
    if (!bco_jinja_items(vm, value, &items)) return false;
    size_t count = items.list->count;
    if (!count) return bco_jinja_undefined(vm, result, "no %s item, the sequence was empty", name);
    *result = items.list->items[name[0] == 'f' ? 0 : count - 1];
    return true;
}

static bool filter_reverse(struct bco_jinja *vm, const char *name, struct bco_value value,
                           const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value items, list;
    if (!bco_jinja_items(vm, value, &items) || !bco_value_new_list(&vm->arena, VALUE_LIST, 0, &list)) return false;
    for (size_t i = items.list->count; i-- > 0;)
        if (!bco_list_add(&vm->arena, list.list, items.list->items[i])) return bco_jinja_memory(vm);
    *result = list;
    if (value.kind != VALUE_STRING) return true;
    struct bco_value nothing = bco_value_text("", 0), method;
    struct bco_arguments one = {.items = &list, .count = 1};
    (void)name;
    (void)arguments;
    return bco_jinja_method(vm, nothing, "join", &method) && bco_jinja_call(vm, method, &one, result);
}

static void fall_back(struct bco_value *value, const struct bco_value *otherwise) {
    if (value->kind == VALUE_UNDEFINED && otherwise) *value = *otherwise;
}

/* A part of an item by a dotted path of attributes ("function.name"); `otherwise` (may be
 * NULL) stands for every step that is undefined. */
static bool dotted_or(struct bco_jinja *vm, struct bco_value item, struct bco_value path,
                      const struct bco_value *otherwise, struct bco_value *result) {
    char name[256];
    *result = item;
    if (path.kind != VALUE_STRING) {
        if (!bco_jinja_item(vm, item, path, result)) return false;
        fall_back(result, otherwise);
        return true;
    }
    for (size_t start = 0; start <= path.length;) {
        const char *dot = memchr(path.text + start, '.', path.length - start);
        size_t end = dot ? (size_t)(dot - path.text) : path.length;
        if (end - start >= sizeof name) return bco_jinja_fail(vm, "an attribute's name is too long");
        memcpy(name, path.text + start, end - start);
        name[end - start] = '\0';
        bool number = end > start && strspn(name, "0123456789") == end - start;
        struct bco_value key = number ? bco_value_int(strtoll(name, NULL, 10)) : bco_value_text(name, end - start);
        if (!bco_jinja_item(vm, *result, key, result)) return false;
        fall_back(result, otherwise);
        start = end + 1;
    }
    return true;
}

static bool dotted(struct bco_jinja *vm, struct bco_value item, struct bco_value path, struct bco_value *result) {
    return dotted_or(vm, item, path, NULL, result);
}

static bool filter_join(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    struct bco_value items, between = bco_value_text("", 0), text;
    const struct bco_value *given = bco_argument(arguments, 0, "d"), *path = bco_argument(arguments, 1, "attribute");
    struct bco_buf out = {0};
    if (!bco_jinja_items(vm, value, &items) || (given && !bco_jinja_print(vm, *given, &between))) return false;
    bool done = true;
    for (size_t i = 0; done && i < items.list->count; i++) {
        struct bco_value item = items.list->items[i];
        done = (!path || dotted(vm, item, *path, &item)) && bco_jinja_print(vm, item, &text);
        if (i) bco_buf_add(&out, between.text, between.length);
        if (done) bco_buf_add(&out, text.text, text.length);
        if (out.length > BCO_JINJA_BYTES) break;
    }
    if (done) return bco_jinja_take(vm, &out, result);
    bco_buf_free(&out);
    return false;
}

static bool filter_default(struct bco_jinja *vm, const char *name, struct bco_value value,
                           const struct bco_arguments *arguments, struct bco_value *result) {
    (void)vm;
    (void)name;
    const struct bco_value *given = bco_argument(arguments, 0, "default_value"),
                           *boolean = bco_argument(arguments, 1, "boolean");
    bool missing = value.kind == VALUE_UNDEFINED || (boolean && bco_value_truth(*boolean) && !bco_value_truth(value));
    *result = !missing ? value : given ? *given : bco_value_text("", 0);
    return true;
}

static bool filter_items(struct bco_jinja *vm, const char *name, struct bco_value value,
                         const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value method;
    if (value.kind == VALUE_UNDEFINED)
        return bco_value_new_list(&vm->arena, VALUE_LIST, 0, result) || bco_jinja_memory(vm);
    if (value.kind != VALUE_DICT) return bco_jinja_fail(vm, "Can only get item pairs from a mapping");
    return bco_jinja_method(vm, value, name, &method) && bco_jinja_call(vm, method, arguments, result);
}

static bool filter_safe(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    return filter_string(vm, name, value, arguments, result);
}

/* ---- sorting -------------------------------------------------------------------------------- */

struct keyed {
    struct bco_value key, item;
};

static bool folded(struct bco_jinja *vm, struct bco_value *key, bool case_sensitive) {
    static const struct bco_arguments none = {0};
    return case_sensitive || key->kind != VALUE_STRING || by_method(vm, "lower", *key, &none, key);
}

/* A stable merge sort; keys that have no order are an error. */
static bool merge_sort(struct bco_jinja *vm, struct keyed *items, struct keyed *room, size_t count, bool reverse) {
    if (count < 2) return true;
    size_t half = count / 2, a = 0, b = half;
    if (!merge_sort(vm, items, room, half, reverse) || !merge_sort(vm, items + half, room, count - half, reverse))
        return false;
    for (size_t i = 0; i < count; i++) {
        int order = 0;
        if (a < half && b < count && !bco_value_compare(items[b].key, items[a].key, &order))
            return bco_jinja_fail(vm, "'<' not supported between instances of '%s' and '%s'",
                                  bco_value_type(items[b].key), bco_value_type(items[a].key));
        bool right = a == half || (b < count && (reverse ? order > 0 : order < 0));
        room[i] = right ? items[b++] : items[a++];
    }
    memcpy(items, room, count * sizeof *items);
    vm->steps += count;
    return true;
}

static bool sort_list(struct bco_jinja *vm, const struct bco_value_list *list, const struct bco_value *path,
                      bool case_sensitive, bool reverse, struct bco_value *result) {
    struct keyed *items = bco_arena_get(&vm->arena, (list->count + 1) * 2 * sizeof *items);
    if (!items || !bco_value_new_list(&vm->arena, VALUE_LIST, list->count, result)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < list->count; i++) {
        items[i] = (struct keyed){list->items[i], list->items[i]};
        if (path && path->kind != VALUE_NONE && !dotted(vm, list->items[i], *path, &items[i].key)) return false;
        if (!folded(vm, &items[i].key, case_sensitive)) return false;
    }
    if (!merge_sort(vm, items, items + list->count, list->count, reverse)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (!bco_list_add(&vm->arena, result->list, items[i].item)) return bco_jinja_memory(vm);
    return true;
}

static bool truth_of(const struct bco_value *argument) {
    return argument && bco_value_truth(*argument);
}

static bool filter_sort(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    struct bco_value items;
    return bco_jinja_items(vm, value, &items) && sort_list(vm, items.list, bco_argument(arguments, 2, "attribute"),
                                                           truth_of(bco_argument(arguments, 1, "case_sensitive")),
                                                           truth_of(bco_argument(arguments, 0, "reverse")), result);
}

static bool filter_dictsort(struct bco_jinja *vm, const char *name, struct bco_value value,
                            const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value pairs = {0}, by = bco_value_text("key", 3);
    (void)name;
    if (value.kind != VALUE_DICT) return bco_jinja_fail(vm, "dictsort needs a dict, not %s", bco_value_type(value));
    if (!bco_argument_text(vm, arguments, 1, "by", &by)) return false;
    struct bco_value place = bco_value_int(bco_value_is_text(by, "value"));
    static const struct bco_arguments none = {0};
    return filter_items(vm, "items", value, &none, &pairs) &&
           sort_list(vm, pairs.list, &place, truth_of(bco_argument(arguments, 0, "case_sensitive")),
                     truth_of(bco_argument(arguments, 2, "reverse")), result);
}

static bool filter_unique(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    struct bco_value items, seen, key;
    const struct bco_value *path = bco_argument(arguments, 1, "attribute");
    bool sensitive = truth_of(bco_argument(arguments, 0, "case_sensitive")), there;
    if (!bco_jinja_items(vm, value, &items) || !bco_value_new_list(&vm->arena, VALUE_LIST, 0, result) ||
        !bco_value_new_list(&vm->arena, VALUE_LIST, 0, &seen))
        return false;
    for (size_t i = 0; i < items.list->count; i++) {
        key = items.list->items[i];
        if (path && path->kind != VALUE_NONE && !dotted(vm, key, *path, &key)) return false;
        if (!folded(vm, &key, sensitive) || !bco_jinja_contains(vm, key, seen, &there)) return false;
        if (there) continue;
        if (!bco_list_add(&vm->arena, seen.list, key) || !bco_list_add(&vm->arena, result->list, items.list->items[i]))
            return bco_jinja_memory(vm);
    }
    return true;
}

/* ---- map, select and reject -------------------------------------------------------------------- */

/* The arguments from `first` on, for the filter or test that they name. */
static struct bco_arguments rest_of(const struct bco_arguments *arguments, size_t first) {
    struct bco_arguments rest = *arguments;
    size_t skip = first < rest.count ? first : rest.count;
    if (skip) rest.items += skip;
    rest.count -= skip;
    return rest;
}

static bool map_item(struct bco_jinja *vm, const struct bco_arguments *arguments, const struct bco_value *path,
                     struct bco_value item, struct bco_value *mapped) {
    if (!path) {
        struct bco_arguments rest = rest_of(arguments, 1);
        return bco_jinja_filter(vm, arguments->items[0].text, item, &rest, mapped);
    }
    const struct bco_value *otherwise = bco_argument(arguments, SIZE_MAX, "default");
    return dotted_or(vm, item, *path, otherwise, mapped);
}

static bool filter_map(struct bco_jinja *vm, const char *name, struct bco_value value,
                       const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    struct bco_value items, mapped = {0};
    const struct bco_value *path = arguments->count ? NULL : bco_argument(arguments, SIZE_MAX, "attribute");
    if (!path && (!arguments->count || arguments->items[0].kind != VALUE_STRING))
        return bco_jinja_fail(vm, "map requires a filter argument");
    if (!bco_jinja_items(vm, value, &items) || !bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return false;
    for (size_t i = 0; i < items.list->count; i++) {
        if (!map_item(vm, arguments, path, items.list->items[i], &mapped)) return false;
        if (!bco_list_add(&vm->arena, result->list, mapped)) return bco_jinja_memory(vm);
    }
    return true;
}

/* select, reject, selectattr and rejectattr: keeps the items whose test, or whose truth, is as wished. */
static bool filter_select(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    bool attribute = strstr(name, "attr") != NULL, keep = name[0] == 's', holds;
    size_t first = attribute;
    struct bco_value items, seen;
    struct bco_arguments rest = rest_of(arguments, first + 1);
    const struct bco_value *path = bco_argument(arguments, 0, NULL);
    if (attribute && !path) return bco_jinja_fail(vm, "%s needs an attribute", name);
    const struct bco_value *test = arguments->count > first ? &arguments->items[first] : NULL;
    if (test && test->kind != VALUE_STRING) return bco_jinja_fail(vm, "%s: a test's name is no text", name);
    if (!bco_jinja_items(vm, value, &items) || !bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return false;
    for (size_t i = 0; i < items.list->count; i++) {
        seen = items.list->items[i];
        if (attribute && !dotted(vm, seen, *path, &seen)) return false;
        holds = bco_value_truth(seen);
        if (test && !bco_jinja_test(vm, test->text, seen, &rest, &holds)) return false;
        if (holds == keep && !bco_list_add(&vm->arena, result->list, items.list->items[i])) return bco_jinja_memory(vm);
    }
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------------ */

static bool filter_int(struct bco_jinja *vm, const char *name, struct bco_value value,
                       const struct bco_arguments *arguments, struct bco_value *result) {
    const struct bco_value *given = bco_argument(arguments, 0, "default");
    bool real = name[0] == 'f';
    struct bco_value otherwise = given ? *given : real ? bco_value_float(0) : bco_value_int(0);
    double number = NAN;
    (void)vm;
    if (bco_value_is_number(value)) {
        number = bco_value_number(value);
    } else if (value.kind == VALUE_STRING) {
        char *end;
        number = strtod(value.text, &end);
        while (*end == ' ' || (*end >= '\t' && *end <= '\r')) end++;
        if (*end || end == value.text || strpbrk(value.text, "xXpP")) number = NAN;
    }
    bool fits = isfinite(number) && (real || fabs(number) < 9.2e18);
    *result = !fits ? otherwise : real ? bco_value_float(number) : bco_value_int((int64_t)number);
    if (fits && !real && value.kind == VALUE_INT) *result = value;
    return true;
}

static bool filter_abs(struct bco_jinja *vm, const char *name, struct bco_value value,
                       const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    (void)arguments;
    if (!bco_value_is_number(value))
        return bco_jinja_fail(vm, "bad operand type for abs(): '%s'", bco_value_type(value));
    *result = value;
    return bco_value_number(value) >= 0 || bco_jinja_binary(vm, "-", bco_value_int(0), value, result);
}

/* min, max and sum. */
static bool filter_fold(struct bco_jinja *vm, const char *name, struct bco_value value,
                        const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value items, item;
    const struct bco_value *path = bco_argument(arguments, name[0] == 's' ? 0 : 1, "attribute");
    bool sum = name[0] == 's';
    int order = 0;
    if (!bco_jinja_items(vm, value, &items)) return false;
    if (!items.list->count && !sum)
        return bco_jinja_undefined(vm, result, "no aggregated item, the sequence was empty");
    *result = bco_value_int(0);
    for (size_t i = 0; i < items.list->count; i++) {
        item = items.list->items[i];
        if (path && path->kind != VALUE_NONE && !dotted(vm, item, *path, &item)) return false;
        if (sum && !bco_jinja_binary(vm, "+", *result, item, result)) return false;
        if (sum) continue;
        if (i && !bco_value_compare(item, *result, &order)) return bco_jinja_fail(vm, "%s: items have no order", name);
        if (!i || (name[1] == 'i' ? order < 0 : order > 0)) *result = item;
    }
    return true;
}

/* indent(width=4, first=false, blank=false) */
static bool filter_indent(struct bco_jinja *vm, const char *name, struct bco_value value,
                          const struct bco_arguments *arguments, struct bco_value *result) {
    (void)name;
    const struct bco_value *given = bco_argument(arguments, 0, "width");
    bool first = truth_of(bco_argument(arguments, 1, "first")), blank = truth_of(bco_argument(arguments, 2, "blank"));
    struct bco_value text, unit = bco_value_text("    ", 4);
    struct bco_buf out = {0};
    int64_t width = 4;
    if (!bco_jinja_print(vm, value, &text)) return false;
    if (given && given->kind == VALUE_STRING)
        unit = *given;
    else if (!bco_argument_int(vm, arguments, 0, "width", &width) ||
             !bco_jinja_binary(vm, "*", bco_value_text(" ", 1), bco_value_int(width), &unit))
        return false;
    for (size_t i = 0, line = 0; i <= text.length; line++) {
        const char *newline = memchr(text.text + i, '\n', text.length - i);
        size_t end = newline ? (size_t)(newline - text.text) + 1 : text.length;
        bool empty = end - i == (newline != NULL);
        if ((line || first) && (!empty || blank)) bco_buf_add(&out, unit.text, unit.length);
        bco_buf_add(&out, text.text + i, end - i);
        if (!newline || out.length > BCO_JINJA_BYTES) break;
        i = end;
    }
    return bco_jinja_take(vm, &out, result);
}

static const struct {
    const char *name;
    filter_call *call;
} filters[] = {{"tojson", filter_tojson},     {"length", filter_length},     {"count", filter_length},
               {"trim", filter_trim},         {"string", filter_string},     {"list", filter_list},
               {"selectattr", filter_select}, {"rejectattr", filter_select}, {"select", filter_select},
               {"reject", filter_select},     {"map", filter_map},           {"join", filter_join},
               {"default", filter_default},   {"d", filter_default},         {"items", filter_items},
               {"safe", filter_safe},         {"dictsort", filter_dictsort}, {"sort", filter_sort},
               {"unique", filter_unique},     {"upper", by_method},          {"lower", by_method},
               {"title", by_method},          {"capitalize", by_method},     {"replace", by_method},
               {"int", filter_int},           {"float", filter_int},         {"abs", filter_abs},
               {"first", filter_first},       {"last", filter_first},        {"reverse", filter_reverse},
               {"min", filter_fold},          {"max", filter_fold},          {"sum", filter_fold},
               {"indent", filter_indent}};

bool bco_jinja_filter(struct bco_jinja *vm, const char *name, struct bco_value value,
                      const struct bco_arguments *arguments, struct bco_value *result) {
    if (value.kind == VALUE_STRING) vm->steps += value.length / 256;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (strcmp(filters[i].name, name) != 0) continue;
        if (++vm->depth > BCO_JINJA_DEPTH) return bco_jinja_fail(vm, "nested too deeply");
        bool done = filters[i].call(vm, filters[i].name, value, arguments, result);
        vm->depth--;
        return done || bco_jinja_memory(vm);
    }
    return bco_jinja_fail(vm, "filter '%s' is not supported", name);
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static bool is_kind(const char *name, struct bco_value value, bool *result) {
    enum bco_value_kind kind = value.kind;
    bool sequence = kind == VALUE_STRING || kind == VALUE_LIST || kind == VALUE_TUPLE || kind == VALUE_DICT ||
                    kind == VALUE_UNDEFINED;
    const struct {
        const char *name;
        bool holds;
    } kinds[] = {{"defined", kind != VALUE_UNDEFINED},
                 {"undefined", kind == VALUE_UNDEFINED},
                 {"string", kind == VALUE_STRING},
                 {"none", kind == VALUE_NONE},
                 {"mapping", kind == VALUE_DICT},
                 {"iterable", sequence || kind == VALUE_LOOP},
                 {"sequence", sequence},
                 {"number", bco_value_is_number(value)},
                 {"integer", kind == VALUE_INT},
                 {"float", kind == VALUE_FLOAT},
                 {"boolean", kind == VALUE_BOOL},
                 {"true", kind == VALUE_BOOL && value.truth},
                 {"false", kind == VALUE_BOOL && !value.truth},
                 {"callable", kind == VALUE_FUNCTION || kind == VALUE_MACRO}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0) continue;
        *result = kinds[i].holds;
        return true;
    }
    return false;
}

/* Comparisons as tests: `is equalto 3`. */
static const char *comparison_of(const char *name) {
    static const char *const words[][2] = {{"==", "=="}, {"eq", "=="},         {"equalto", "=="}, {"!=", "!="},
                                           {"ne", "!="}, {">", ">"},           {"gt", ">"},       {"<", "<"},
                                           {"lt", "<"},  {"greaterthan", ">"}, {"lessthan", "<"}, {">=", ">="},
                                           {"ge", ">="}, {"<=", "<="},         {"le", "<="},      {"in", "in"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(name, words[i][0])) return words[i][1];
    return NULL;
}

static bool test_number(struct bco_jinja *vm, const char *name, struct bco_value value, struct bco_value by,
                        bool *result) {
    struct bco_value rest;
    if (!bco_jinja_binary(vm, "%", value, by, &rest)) return false;
    *result = bco_value_equal(rest, bco_value_int(name[0] == 'o'));
    return true;
}

static bool test_case(struct bco_jinja *vm, const char *name, struct bco_value value, bool *result) {
    static const struct bco_arguments none = {0};
    struct bco_value answer = {0};
    if (!by_method(vm, name[0] == 'u' ? "isupper" : "islower", value, &none, &answer)) return false;
    *result = bco_value_truth(answer);
    return true;
}

bool bco_jinja_test(struct bco_jinja *vm, const char *name, struct bco_value value,
                    const struct bco_arguments *arguments, bool *result) {
    const struct bco_value *given = bco_argument(arguments, 0, NULL);
    const char *comparison = comparison_of(name);
    if (is_kind(name, value, result)) return true;
    if (comparison && given) return bco_jinja_compare(vm, comparison, value, *given, result);
    if (!strcmp(name, "odd") || !strcmp(name, "even")) return test_number(vm, name, value, bco_value_int(2), result);
    if (!strcmp(name, "divisibleby") && given) return test_number(vm, name, value, *given, result);
    if (!strcmp(name, "upper") || !strcmp(name, "lower")) return test_case(vm, name, value, result);
    if (!strcmp(name, "sameas") && given) {
        *result = value.kind == given->kind && bco_value_equal(value, *given);
        return true;
    }
    return bco_jinja_fail(vm, "test '%s' is not supported", name);
}

#include "text/value.h"

#include "text/unicode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- making ----------------------------------------------------------------------- */

struct bco_value bco_value_none(void) {
    return (struct bco_value){.kind = VALUE_NONE};
}

struct bco_value bco_value_bool(bool truth) {
    return (struct bco_value){.kind = VALUE_BOOL, .truth = truth};
}

struct bco_value bco_value_int(int64_t integer) {
    return (struct bco_value){.kind = VALUE_INT, .integer = integer};
}

struct bco_value bco_value_float(double real) {
    return (struct bco_value){.kind = VALUE_FLOAT, .real = real};
}

struct bco_value bco_value_text(const char *text, size_t length) {
    return (struct bco_value){.kind = VALUE_STRING, .text = text, .length = length};
}

bool bco_value_copy_text(struct bco_arena *arena, const char *text, size_t length, struct bco_value *value) {
    const char *copy = bco_arena_copy(arena, text, length);
    *value = bco_value_text(copy, length);
    return copy != NULL;
}

/* Depth of a namespace, which may hold itself, is 0: one in another value is printed without what it holds. */
static int depth_of(struct bco_value value) {
    if (value.kind == VALUE_LIST || value.kind == VALUE_TUPLE) return value.list->depth;
    return value.kind == VALUE_DICT ? value.dict->depth : 0;
}

size_t bco_value_weight(struct bco_value value) {
    switch (value.kind) {
    case VALUE_STRING: return 1 + value.length;
    case VALUE_LIST:
    case VALUE_TUPLE: return 1 + value.list->weight;
    case VALUE_DICT: return 1 + value.dict->weight;
    default: return 1;
    }
}

bool bco_value_load(struct bco_value item, size_t *weight, int *depth) {
    int below = depth_of(item) + 1;
    if (below > *depth) *depth = below;
    *weight += bco_value_weight(item);
    return *depth <= BCO_VALUE_DEPTH && *weight <= BCO_VALUE_WEIGHT;
}

bool bco_value_new_list(struct bco_arena *arena, enum bco_value_kind kind, size_t capacity, struct bco_value *value) {
    struct bco_value_list *list = bco_arena_get(arena, sizeof *list);
    struct bco_value *items = bco_arena_array(arena, capacity, sizeof *items);
    if (!list || !items) return false;
    *list = (struct bco_value_list){.items = items, .capacity = capacity};
    *value = (struct bco_value){.kind = kind, .list = list};
    return true;
}

bool bco_list_add(struct bco_arena *arena, struct bco_value_list *list, struct bco_value item) {
    if (!bco_value_load(item, &list->weight, &list->depth)) return false;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity * 2 + 4;
        struct bco_value *items = bco_arena_array(arena, capacity, sizeof *items);
        if (!items) return false;
        if (list->count) memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static bool from_json(struct bco_arena *arena, yyjson_val *json, int depth, struct bco_value *value);

static bool list_from_json(struct bco_arena *arena, yyjson_val *json, int depth, struct bco_value *value) {
    if (!bco_value_new_list(arena, VALUE_LIST, yyjson_arr_size(json), value)) return false;
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(json, i, count, item) {
        struct bco_value made;
        if (!from_json(arena, item, depth, &made) || !bco_list_add(arena, value->list, made)) return false;
    }
    return true;
}

static bool dict_from_json(struct bco_arena *arena, yyjson_val *json, int depth, struct bco_value *value) {
    if (!bco_value_new_dict(arena, VALUE_DICT, value)) return false;
    size_t i, count;
    yyjson_val *key, *item;
    yyjson_obj_foreach(json, i, count, key, item) {
        struct bco_value name, made;
        if (!from_json(arena, key, depth, &name) || !from_json(arena, item, depth, &made) ||
            !bco_dict_set(arena, value->dict, name, made))
            return false;
    }
    return true;
}

/* `depth`: levels around it. */
static bool from_json(struct bco_arena *arena, yyjson_val *json, int depth, struct bco_value *value) {
    if (depth > BCO_VALUE_DEPTH) return false;
    switch (yyjson_get_type(json)) {
    case YYJSON_TYPE_BOOL: *value = bco_value_bool(yyjson_get_bool(json)); return true;
    case YYJSON_TYPE_NUM:
        if (yyjson_is_sint(json) || (yyjson_is_uint(json) && yyjson_get_uint(json) <= INT64_MAX))
            *value = bco_value_int(yyjson_get_sint(json));
        else
            *value = bco_value_float(yyjson_get_num(json));
        return true;
    case YYJSON_TYPE_STR: return bco_value_copy_text(arena, yyjson_get_str(json), yyjson_get_len(json), value);
    case YYJSON_TYPE_ARR: return list_from_json(arena, json, depth + 1, value);
    case YYJSON_TYPE_OBJ: return dict_from_json(arena, json, depth + 1, value);
    default: *value = bco_value_none(); return true;
    }
}

bool bco_value_from_json(struct bco_arena *arena, yyjson_val *json, struct bco_value *value) {
    return from_json(arena, json, 0, value);
}

/* ---- comparing -------------------------------------------------------------------- */

bool bco_value_is_text(struct bco_value value, const char *text) {
    return value.kind == VALUE_STRING && value.length == strlen(text) && !memcmp(value.text, text, value.length);
}

bool bco_value_is_number(struct bco_value value) {
    return value.kind == VALUE_BOOL || value.kind == VALUE_INT || value.kind == VALUE_FLOAT;
}

double bco_value_number(struct bco_value value) {
    return value.kind == VALUE_FLOAT ? value.real : value.kind == VALUE_INT ? (double)value.integer : value.truth;
}

static int64_t whole(struct bco_value value) {
    return value.kind == VALUE_INT ? value.integer : value.truth;
}

bool bco_value_truth(struct bco_value value) {
    switch (value.kind) {
    case VALUE_UNDEFINED:
    case VALUE_NONE: return false;
    case VALUE_BOOL: return value.truth;
    case VALUE_INT: return value.integer != 0;
    case VALUE_FLOAT: return value.real != 0;
    case VALUE_STRING: return value.length > 0;
    case VALUE_LIST:
    case VALUE_TUPLE: return value.list->count > 0;
    case VALUE_DICT: return value.dict->count > 0;
    default: return true;
    }
}

static bool lists_equal(const struct bco_value_list *a, const struct bco_value_list *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!bco_value_equal(a->items[i], b->items[i])) return false;
    return true;
}

static bool dicts_equal(const struct bco_value_dict *a, const struct bco_value_dict *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct bco_value *other = bco_dict_get(b, a->pairs[i].key);
        if (!other || !bco_value_equal(a->pairs[i].value, *other)) return false;
    }
    return true;
}

bool bco_value_equal(struct bco_value a, struct bco_value b) {
    if (bco_value_is_number(a) && bco_value_is_number(b)) {
        if (a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT) return bco_value_number(a) == bco_value_number(b);
        return whole(a) == whole(b);
    }
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case VALUE_UNDEFINED:
    case VALUE_NONE: return true;
    case VALUE_STRING: return a.length == b.length && (a.text == b.text || !memcmp(a.text, b.text, a.length));
    case VALUE_LIST:
    case VALUE_TUPLE: return lists_equal(a.list, b.list);
    case VALUE_DICT: return dicts_equal(a.dict, b.dict);
    default: return a.function == b.function;
    }
}

static int order_of(double a, double b) {
    return (a > b) - (a < b);
}

/* UTF-8 sorts as its code points do. */
static int order_of_texts(struct bco_value a, struct bco_value b) {
    int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);
    return order ? (order > 0) - (order < 0) : (a.length > b.length) - (a.length < b.length);
}

bool bco_value_compare(struct bco_value a, struct bco_value b, int *order) {
    if (bco_value_is_number(a) && bco_value_is_number(b)) {
        if (a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT)
            *order = order_of(bco_value_number(a), bco_value_number(b));
        else
            *order = (whole(a) > whole(b)) - (whole(a) < whole(b));
        return true;
    }
    if (a.kind != b.kind) return false;
    if (a.kind == VALUE_STRING) *order = order_of_texts(a, b);
    if (a.kind == VALUE_STRING) return true;
    if (a.kind != VALUE_LIST && a.kind != VALUE_TUPLE) return false;
    for (size_t i = 0; i < a.list->count && i < b.list->count; i++)
        if (!bco_value_equal(a.list->items[i], b.list->items[i]))
            return bco_value_compare(a.list->items[i], b.list->items[i], order);
    *order = (a.list->count > b.list->count) - (a.list->count < b.list->count);
    return true;
}

const char *bco_value_type(struct bco_value value) {
    static const char *const names[] = {[VALUE_UNDEFINED] = "Undefined", [VALUE_NONE] = "NoneType",
                                        [VALUE_BOOL] = "bool",           [VALUE_INT] = "int",
                                        [VALUE_FLOAT] = "float",         [VALUE_STRING] = "str",
                                        [VALUE_LIST] = "list",           [VALUE_TUPLE] = "tuple",
                                        [VALUE_DICT] = "dict",           [VALUE_NAMESPACE] = "Namespace",
                                        [VALUE_MACRO] = "Macro",         [VALUE_FUNCTION] = "function",
                                        [VALUE_LOOP] = "LoopContext"};
    return names[value.kind];
}

/* ---- printing --------------------------------------------------------------------- */

/* The fewest digits that read back as the same number, in Python's layout. */
static void print_float(double x, struct bco_buf *out) {
    char text[40];
    if (!isfinite(x)) {
        bco_buf_str(out, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
        if (strtod(text, NULL) == x) break;
    }
    char *e = strchr(text, 'e');
    int exponent = atoi(e + 1), digits = (int)strspn(text + (text[0] == '-') + 1, ".0123456789");
    digits = digits ? digits : 1; /* with a point: as many as there are digits */
    if (exponent >= -4 && exponent < 16) {
        int decimals = digits - 1 - exponent;
        bco_buf_printf(out, "%.*f", decimals > 1 ? decimals : 1, x);
        return;
    }
    bco_buf_add(out, text, (size_t)(e - text));
    bco_buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

static bool is_printable(uint32_t c) {
    if (c < 0x7F) return c >= 0x20;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF && category != UTF8PROC_CATEGORY_CS &&
           category != UTF8PROC_CATEGORY_CO && category != UTF8PROC_CATEGORY_CN && category != UTF8PROC_CATEGORY_ZL &&
           category != UTF8PROC_CATEGORY_ZP && category != UTF8PROC_CATEGORY_ZS;
}

static void repr_character(uint32_t c, const char *bytes, size_t length, char quote, struct bco_buf *out) {
    if (c == '\n' || c == '\r' || c == '\t')
        bco_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c == (unsigned char)quote || c == '\\')
        bco_buf_printf(out, "\\%c", (char)c);
    else if (is_printable(c))
        bco_buf_add(out, bytes, length);
    else
        bco_buf_printf(out, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
}

static void repr_text(struct bco_value value, struct bco_buf *out) {
    bool single = memchr(value.text, '\'', value.length), pair = memchr(value.text, '"', value.length);
    char quote = single && !pair ? '"' : '\'';
    bco_buf_char(out, quote);
    for (size_t i = 0; i < value.length;) {
        uint32_t c;
        size_t step = bco_utf8_next(value.text + i, value.length - i, &c);
        repr_character(c, value.text + i, step, quote, out);
        i += step;
    }
    bco_buf_char(out, quote);
}

static void repr_list(struct bco_value value, struct bco_buf *out) {
    bool tuple = value.kind == VALUE_TUPLE;
    bco_buf_char(out, tuple ? '(' : '[');
    for (size_t i = 0; i < value.list->count; i++) {
        if (i) bco_buf_str(out, ", ");
        bco_value_repr(value.list->items[i], out);
    }
    if (tuple && value.list->count == 1) bco_buf_char(out, ',');
    bco_buf_char(out, tuple ? ')' : ']');
}

static void repr_dict(struct bco_value value, struct bco_buf *out) {
    bco_buf_char(out, '{');
    for (size_t i = 0; i < value.dict->count; i++) {
        if (i) bco_buf_str(out, ", ");
        bco_value_repr(value.dict->pairs[i].key, out);
        bco_buf_str(out, ": ");
        bco_value_repr(value.dict->pairs[i].value, out);
    }
    bco_buf_char(out, '}');
}

void bco_value_repr(struct bco_value value, struct bco_buf *out) {
    switch (value.kind) {
    case VALUE_UNDEFINED: bco_buf_str(out, "Undefined"); break;
    case VALUE_NONE: bco_buf_str(out, "None"); break;
    case VALUE_BOOL: bco_buf_str(out, value.truth ? "True" : "False"); break;
    case VALUE_INT: bco_buf_printf(out, "%lld", (long long)value.integer); break;
    case VALUE_FLOAT: print_float(value.real, out); break;
    case VALUE_STRING: repr_text(value, out); break;
    case VALUE_LIST:
    case VALUE_TUPLE: repr_list(value, out); break;
    case VALUE_DICT: repr_dict(value, out); break;
    default: bco_buf_printf(out, "<%s>", bco_value_type(value));
    }
}

void bco_value_print(struct bco_value value, struct bco_buf *out) {
    if (value.kind == VALUE_UNDEFINED) return;
    if (value.kind == VALUE_STRING) {
        bco_buf_add(out, value.text, value.length);
    } else if (value.kind == VALUE_NAMESPACE) { /* one in it, which may be itself, goes without its names */
        bco_buf_str(out, "<Namespace ");
        repr_dict(value, out);
        bco_buf_char(out, '>');
    } else {
        bco_value_repr(value, out);
    }
}

/* ---- json.dumps -------------------------------------------------------------------- */

static void json_unit(uint32_t unit, struct bco_buf *out) {
    bco_buf_printf(out, "\\u%04x", (unsigned)unit);
}

static void json_character(uint32_t c, const char *bytes, size_t length, bool ascii, struct bco_buf *out) {
    static const char escapes[] = "\"\"\\\\\nn\rr\tt\ff\bb";
    const char *escape = c && c < 0x80 ? strchr(escapes, (int)c) : NULL;
    for (; escape && (escape - escapes) % 2; escape = strchr(escape + 1, (int)c)) continue;
    if (escape) {
        bco_buf_char(out, '\\');
        bco_buf_char(out, escape[1]);
    } else if (c < 0x20 || (ascii && c >= 0x7F && c < 0x10000)) {
        json_unit(c, out);
    } else if (ascii && c >= 0x10000) {
        json_unit(0xD800 + ((c - 0x10000) >> 10), out);
        json_unit(0xDC00 + ((c - 0x10000) & 0x3FF), out);
    } else {
        bco_buf_add(out, bytes, length);
    }
}

static void json_text(struct bco_value value, bool ascii, struct bco_buf *out) {
    bco_buf_char(out, '"');
    for (size_t i = 0; i < value.length;) {
        uint32_t c;
        size_t step = bco_utf8_next(value.text + i, value.length - i, &c);
        json_character(c, value.text + i, step, ascii, out);
        i += step;
    }
    bco_buf_char(out, '"');
}

static void json_break(const struct bco_json_style *style, int depth, struct bco_buf *out) {
    if (style->indent < 0) return;
    bco_buf_char(out, '\n');
    for (int i = 0; i < style->indent * depth; i++) bco_buf_char(out, ' ');
}

static bool json_value(struct bco_value value, const struct bco_json_style *style, int depth, struct bco_buf *out);

static void json_between(const struct bco_json_style *style, struct bco_buf *out) {
    bco_buf_str(out, style->item ? style->item : style->indent < 0 ? ", " : ",");
}

static bool json_list(const struct bco_value_list *list, const struct bco_json_style *style, int depth,
                      struct bco_buf *out) {
    bco_buf_char(out, '[');
    for (size_t i = 0; i < list->count && out->length <= BCO_VALUE_WEIGHT; i++) {
        if (i) json_between(style, out);
        json_break(style, depth + 1, out);
        if (!json_value(list->items[i], style, depth + 1, out)) return false;
    }
    if (list->count) json_break(style, depth, out);
    bco_buf_char(out, ']');
    return true;
}

/* Keys are texts; numbers, true, false and none become texts. */
static bool json_key(struct bco_value key, const struct bco_json_style *style, struct bco_buf *out) {
    if (key.kind == VALUE_STRING) {
        json_text(key, style->ascii, out);
        return true;
    }
    if (key.kind != VALUE_NONE && !bco_value_is_number(key)) return false;
    bco_buf_char(out, '"');
    bool done = json_value(key, style, 0, out);
    bco_buf_char(out, '"');
    return done;
}

static int pair_order(const void *a, const void *b) {
    int order = 0;
    bco_value_compare(((const struct bco_pair *)a)->key, ((const struct bco_pair *)b)->key, &order);
    return order;
}

static bool json_pairs(const struct bco_pair *pairs, size_t count, const struct bco_json_style *style, int depth,
                       struct bco_buf *out) {
    bco_buf_char(out, '{');
    for (size_t i = 0; i < count && out->length <= BCO_VALUE_WEIGHT; i++) {
        if (i) json_between(style, out);
        json_break(style, depth + 1, out);
        if (!json_key(pairs[i].key, style, out)) return false;
        bco_buf_str(out, style->colon ? style->colon : ": ");
        if (!json_value(pairs[i].value, style, depth + 1, out)) return false;
    }
    if (count) json_break(style, depth, out);
    bco_buf_char(out, '}');
    return true;
}

static bool json_dict(const struct bco_value_dict *dict, const struct bco_json_style *style, int depth,
                      struct bco_buf *out) {
    if (!style->sorted || !dict->count) return json_pairs(dict->pairs, dict->count, style, depth, out);
    struct bco_pair *pairs = malloc(dict->count * sizeof *pairs);
    if (!pairs) {
        out->failed = true;
        return true;
    }
    memcpy(pairs, dict->pairs, dict->count * sizeof *pairs);
    qsort(pairs, dict->count, sizeof *pairs, pair_order);
    bool done = json_pairs(pairs, dict->count, style, depth, out);
    free(pairs);
    return done;
}

static bool json_value(struct bco_value value, const struct bco_json_style *style, int depth, struct bco_buf *out) {
    switch (value.kind) {
    case VALUE_NONE: bco_buf_str(out, "null"); return true;
    case VALUE_BOOL: bco_buf_str(out, value.truth ? "true" : "false"); return true;
    case VALUE_FLOAT:
        if (isfinite(value.real))
            print_float(value.real, out);
        else
            bco_buf_str(out, isnan(value.real) ? "NaN" : value.real < 0 ? "-Infinity" : "Infinity");
        return true;
    case VALUE_INT: bco_value_repr(value, out); return true;
    case VALUE_STRING: json_text(value, style->ascii, out); return true;
    case VALUE_LIST:
    case VALUE_TUPLE: return json_list(value.list, style, depth, out);
    case VALUE_DICT: return json_dict(value.dict, style, depth, out);
    default: return false;
    }
}

bool bco_value_json(struct bco_value value, const struct bco_json_style *style, struct bco_buf *out) {
    return json_value(value, style, 0, out);
}

/* ---- characters ---------------------------------------------------------------------- */

size_t bco_text_characters(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

size_t bco_text_offset(const char *text, size_t length, size_t n) {
    size_t i = 0;
    for (; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && n-- == 0) break;
    return i;
}

bool bco_is_python_space(uint32_t c) {
    return bco_is_space(c) || (c >= 0x1C && c <= 0x1F);
}

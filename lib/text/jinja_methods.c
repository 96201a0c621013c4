/* Methods of texts, dicts and lists, and the functions that every template knows. */
#define _GNU_SOURCE /* memmem */
#include "text/jinja.h"

#include "base/fail.h"
#include "text/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- arguments ------------------------------------------------------------------------------ */

const struct bco_value *bco_argument(const struct bco_arguments *arguments, size_t at, const char *name) {
    if (at < arguments->count) return &arguments->items[at];
    for (size_t i = 0; name && i < arguments->named; i++)
        if (!strcmp(arguments->names[i], name)) return &arguments->values[i];
    return NULL;
}

bool bco_argument_text(struct bco_jinja *vm, const struct bco_arguments *arguments, size_t at, const char *name,
                       struct bco_value *text) {
    const struct bco_value *given = bco_argument(arguments, at, name);
    if (!given) return true;
    if (given->kind != VALUE_STRING)
        return bco_jinja_fail(vm, "argument %zu must be str, not %s", at + 1, bco_value_type(*given));
    *text = *given;
    return true;
}

bool bco_argument_int(struct bco_jinja *vm, const struct bco_arguments *arguments, size_t at, const char *name,
                      int64_t *integer) {
    const struct bco_value *given = bco_argument(arguments, at, name);
    if (!given || given->kind == VALUE_NONE) return true;
    if (given->kind != VALUE_INT && given->kind != VALUE_BOOL)
        return bco_jinja_fail(vm, "argument %zu must be int, not %s", at + 1, bco_value_type(*given));
    *integer = given->kind == VALUE_INT ? given->integer : given->truth;
    return true;
}

/* ---- texts ------------------------------------------------------------------------------------ */

/* Whether `c` is one of `set`'s characters, or a blank where that is empty (kind NONE). */
static bool in_set(uint32_t c, struct bco_value set) {
    if (set.kind == VALUE_NONE) return bco_is_python_space(c);
    for (size_t i = 0; i < set.length;) {
        uint32_t other;
        i += bco_utf8_next(set.text + i, set.length - i, &other);
        if (c == other) return true;
    }
    return false;
}

static struct bco_value strip_text(struct bco_value text, struct bco_value set, bool left, bool right) {
    uint32_t c;
    while (left && text.length) {
        size_t step = bco_utf8_next(text.text, text.length, &c);
        if (!in_set(c, set)) break;
        text.text += step;
        text.length -= step;
    }
    while (right && text.length && in_set(bco_utf8_before(text.text, text.length), set)) {
        do text.length--;
        while (((unsigned char)text.text[text.length] & 0xC0) == 0x80);
    }
    return text;
}

static bool copy(struct bco_jinja *vm, struct bco_value text, struct bco_value *result) {
    return bco_value_copy_text(&vm->arena, text.text, text.length, result) || bco_jinja_memory(vm);
}

static bool strip_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    struct bco_value set = bco_value_none();
    const struct bco_value *given = bco_argument(arguments, 0, "chars");
    if (given && given->kind != VALUE_NONE && !bco_argument_text(vm, arguments, 0, "chars", &set)) return false;
    return copy(vm, strip_text(f->self, set, f->name[0] != 'r', f->name[0] != 'l'), result);
}

static size_t find_text(struct bco_value text, size_t from, struct bco_value part) {
    const char *found = memmem(text.text + from, text.length - from, part.text, part.length);
    return found ? (size_t)(found - text.text) : SIZE_MAX;
}

static bool add_part(struct bco_jinja *vm, struct bco_value_list *list, struct bco_value text, size_t start,
                     size_t end) {
    struct bco_value part;
    if (!bco_value_copy_text(&vm->arena, text.text + start, end - start, &part) ||
        !bco_list_add(&vm->arena, list, part))
        return bco_jinja_memory(vm);
    return true;
}

/* Without a separator: at runs of blanks, none at the ends. */
static bool split_blanks(struct bco_jinja *vm, struct bco_value text, int64_t most, struct bco_value_list *list) {
    text = strip_text(text, bco_value_none(), true, false);
    while (text.length) {
        size_t end = 0;
        uint32_t c = 0;
        while (end < text.length) {
            size_t step = bco_utf8_next(text.text + end, text.length - end, &c);
            if (bco_is_python_space(c)) break;
            end += step;
        }
        if (most == 0) end = text.length;
        if (!add_part(vm, list, text, 0, end)) return false;
        if (most-- == 0) return true;
        text.text += end;
        text.length -= end;
        text = strip_text(text, bco_value_none(), true, false);
    }
    return true;
}

static bool split_at(struct bco_jinja *vm, struct bco_value text, struct bco_value separator, int64_t most,
                     struct bco_value_list *list) {
    size_t start = 0;
    for (size_t at; most != 0 && (at = find_text(text, start, separator)) != SIZE_MAX; most--) {
        if (!add_part(vm, list, text, start, at)) return false;
        start = at + separator.length;
    }
    return add_part(vm, list, text, start, text.length);
}

/* rsplit(separator, most): the last `most` separators count. */
static int64_t separators_before(struct bco_value text, struct bco_value separator, int64_t most) {
    int64_t count = 0;
    for (size_t at = 0; (at = find_text(text, at, separator)) != SIZE_MAX; at += separator.length) count++;
    return count > most ? count - most : 0;
}

static bool rsplit_at(struct bco_jinja *vm, struct bco_value text, struct bco_value separator, int64_t most,
                      struct bco_value_list *list) {
    int64_t skip = separators_before(text, separator, most);
    size_t end = 0;
    for (int64_t i = 0; i < skip; i++) end = find_text(text, end, separator) + separator.length;
    size_t first = find_text(text, end, separator);
    if (first == SIZE_MAX) return add_part(vm, list, text, 0, text.length);
    struct bco_value rest =
        bco_value_text(text.text + first + separator.length, text.length - first - separator.length);
    return add_part(vm, list, text, 0, first) && split_at(vm, rest, separator, -1, list);
}

static bool split_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    struct bco_value separator = bco_value_none();
    const struct bco_value *given = bco_argument(arguments, 0, "sep");
    bool right = f->name[0] == 'r';
    int64_t most = -1;
    if (given && given->kind != VALUE_NONE && !bco_argument_text(vm, arguments, 0, "sep", &separator)) return false;
    if (!bco_argument_int(vm, arguments, 1, "maxsplit", &most)) return false;
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return bco_jinja_memory(vm);
    if (separator.kind == VALUE_NONE) {
        if (right && most >= 0) return bco_jinja_fail(vm, "rsplit with maxsplit at blanks is not supported");
        return split_blanks(vm, f->self, most, result->list);
    }
    if (!separator.length) return bco_jinja_fail(vm, "empty separator");
    return right && most >= 0 ? rsplit_at(vm, f->self, separator, most, result->list)
                              : split_at(vm, f->self, separator, most, result->list);
}

static bool splitlines_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                              struct bco_value *result) {
    const struct bco_value *keep = bco_argument(arguments, 0, "keepends");
    struct bco_value text = f->self;
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return bco_jinja_memory(vm);
    for (size_t start = 0, i = 0; i < text.length;) {
        uint32_t c;
        size_t step = bco_utf8_next(text.text + i, text.length - i, &c), end = i;
        i += step;
        bool ends = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
        if (c == '\r' && i < text.length && text.text[i] == '\n') i++;
        if (!ends && i < text.length) continue;
        if (!ends || (keep && bco_value_truth(*keep))) end = i;
        if (!add_part(vm, result->list, text, start, end)) return false;
        start = i;
    }
    return true;
}

static bool has_affix(struct bco_value text, struct bco_value affix, bool front) {
    if (affix.length > text.length) return false;
    return !memcmp(text.text + (front ? 0 : text.length - affix.length), affix.text, affix.length);
}

/* startswith and endswith take one text, or a tuple of them. */
static bool affix_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    struct bco_value affix = bco_value_none();
    const struct bco_value *given = bco_argument(arguments, 0, NULL);
    bool found = false, tuple = given && given->kind == VALUE_TUPLE;
    for (size_t i = 0; tuple && i < given->list->count; i++) {
        affix = given->list->items[i];
        found = found || (affix.kind == VALUE_STRING && has_affix(f->self, affix, f->name[0] == 's'));
    }
    *result = bco_value_bool(found);
    if (tuple) return true;
    if (!bco_argument_text(vm, arguments, 0, NULL, &affix)) return false;
    if (affix.kind != VALUE_STRING) return bco_jinja_fail(vm, "%s needs a text", f->name);
    *result = bco_value_bool(has_affix(f->self, affix, f->name[0] == 's'));
    return true;
}

static bool remove_affix_method(struct bco_jinja *vm, const struct bco_function *f,
                                const struct bco_arguments *arguments, struct bco_value *result) {
    struct bco_value affix = bco_value_text("", 0), text = f->self;
    bool front = !strcmp(f->name, "removeprefix");
    if (!bco_argument_text(vm, arguments, 0, NULL, &affix)) return false;
    if (has_affix(text, affix, front)) {
        text.text += front ? affix.length : 0;
        text.length -= affix.length;
    }
    return copy(vm, text, result);
}

/* An empty `old` stands before every character, and at the end. */
static void replace_in(struct bco_value text, struct bco_value old, struct bco_value fresh, int64_t most,
                       struct bco_buf *out) {
    size_t start = 0;
    for (size_t at = 0; most != 0 && (at = find_text(text, at, old)) != SIZE_MAX; most--) {
        bco_buf_add(out, text.text + start, at - start);
        bco_buf_add(out, fresh.text, fresh.length);
        start = at;
        if (out->length > BCO_JINJA_BYTES) return;
        if (old.length) {
            start = at += old.length;
        } else if (at < text.length) {
            uint32_t c;
            at += bco_utf8_next(text.text + at, text.length - at, &c);
        } else {
            break;
        }
    }
    bco_buf_add(out, text.text + start, text.length - start);
}

static bool replace_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                           struct bco_value *result) {
    struct bco_value old = bco_value_none(), fresh = bco_value_none();
    int64_t most = -1;
    if (!bco_argument_text(vm, arguments, 0, "old", &old) || !bco_argument_text(vm, arguments, 1, "new", &fresh) ||
        !bco_argument_int(vm, arguments, 2, "count", &most))
        return false;
    if (old.kind == VALUE_NONE || fresh.kind == VALUE_NONE) return bco_jinja_fail(vm, "replace needs two texts");
    struct bco_buf out = {0};
    replace_in(f->self, old, fresh, most, &out);
    return bco_jinja_take(vm, &out, result);
}

/* upper, lower, capitalize and title; characters one by one, but for the sharp s. */
static bool case_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                        struct bco_value *result) {
    (void)arguments;
    struct bco_buf out = {0};
    bool upper = !strcmp(f->name, "upper"), title = !strcmp(f->name, "title"), begins = upper || f->name[0] != 'l';
    for (size_t i = 0; i < f->self.length;) {
        uint32_t c;
        char bytes[8];
        i += bco_utf8_next(f->self.text + i, f->self.length - i, &c);
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
        if (begins && c == 0xDF) {
            bco_buf_str(&out, upper ? "SS" : "Ss");
        } else {
            utf8proc_int32_t raised =
                upper ? utf8proc_toupper((utf8proc_int32_t)c) : utf8proc_totitle((utf8proc_int32_t)c);
            bco_buf_add(&out, bytes, begins ? bco_utf8_write(bytes, (uint32_t)raised) : bco_lowercase(bytes, c));
        }
        bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT;
        begins = upper || (title && !letter);
    }
    return bco_jinja_take(vm, &out, result);
}

/* A search that found something costs as much as what it looked for is long. */
static bool step(struct bco_jinja *vm, struct bco_value part) {
    vm->steps += part.length / 256;
    return vm->steps <= BCO_JINJA_STEPS || bco_jinja_fail(vm, "more than %d steps", BCO_JINJA_STEPS);
}

static bool find_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                        struct bco_value *result) {
    struct bco_value part = bco_value_text("", 0), text = f->self;
    if (!bco_argument_text(vm, arguments, 0, NULL, &part)) return false;
    size_t at = SIZE_MAX;
    if (f->name[0] == 'r') {
        for (size_t i = 0; i < text.length && (i = find_text(text, i, part)) != SIZE_MAX && step(vm, part); i++) at = i;
        if (vm->code) return false;
    } else {
        at = find_text(text, 0, part);
    }
    if (at == SIZE_MAX && strstr(f->name, "index")) return bco_jinja_fail(vm, "substring not found");
    *result = bco_value_int(at == SIZE_MAX ? -1 : (int64_t)bco_text_characters(text.text, at));
    return true;
}

static bool count_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    struct bco_value part = bco_value_text("", 0);
    int64_t count = 0;
    if (!bco_argument_text(vm, arguments, 0, NULL, &part)) return false;
    if (!part.length) count = (int64_t)bco_text_characters(f->self.text, f->self.length) + 1;
    for (size_t at = 0; part.length && (at = find_text(f->self, at, part)) != SIZE_MAX; at += part.length) count++;
    *result = bco_value_int(count);
    return true;
}

static bool join_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                        struct bco_value *result) {
    const struct bco_value *given = bco_argument(arguments, 0, NULL);
    struct bco_value items;
    struct bco_buf out = {0};
    if (!given || !bco_jinja_items(vm, *given, &items))
        return vm->code ? false : bco_jinja_fail(vm, "join needs a list");
    bool texts = true;
    for (size_t i = 0; i < items.list->count && out.length <= BCO_JINJA_BYTES; i++) {
        if (i) bco_buf_add(&out, f->self.text, f->self.length);
        texts = texts && items.list->items[i].kind == VALUE_STRING;
        if (texts) bco_buf_add(&out, items.list->items[i].text, items.list->items[i].length);
    }
    if (texts) return bco_jinja_take(vm, &out, result);
    bco_buf_free(&out);
    return bco_jinja_fail(vm, "join: an item is no text");
}

/* isdigit, isalpha, isalnum, isspace, isupper, islower: of all characters, and there must be one. */
static bool is_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                      struct bco_value *result) {
    (void)vm;
    (void)arguments;
    bool all = f->self.length > 0, cased = false;
    for (size_t i = 0; i < f->self.length;) {
        uint32_t c;
        i += bco_utf8_next(f->self.text + i, f->self.length - i, &c);
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
        bool alpha = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
        bool digit = category == UTF8PROC_CATEGORY_ND;
        bool wrong_case = category == (f->name[2] == 'u' ? UTF8PROC_CATEGORY_LL : UTF8PROC_CATEGORY_LU);
        cased = cased || category == (f->name[2] == 'u' ? UTF8PROC_CATEGORY_LU : UTF8PROC_CATEGORY_LL);
        all = all && (f->name[2] == 'd'   ? digit
                      : f->name[2] == 's' ? bco_is_python_space(c)
                      : f->name[2] == 'a' ? alpha || (digit && !strcmp(f->name, "isalnum"))
                                          : !wrong_case);
    }
    *result = bco_value_bool(all && (cased || (f->name[2] != 'u' && f->name[2] != 'l')));
    return true;
}

/* ---- dicts -------------------------------------------------------------------------------------- */

/* keys, values and items. */
static bool view_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                        struct bco_value *result) {
    (void)arguments;
    const struct bco_value_dict *dict = f->self.dict;
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, dict->count, result)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < dict->count; i++) {
        struct bco_value item = f->name[0] == 'k' ? dict->pairs[i].key : dict->pairs[i].value;
        if (f->name[0] == 'i' && (!bco_value_new_list(&vm->arena, VALUE_TUPLE, 2, &item) ||
                                  !bco_list_add(&vm->arena, item.list, dict->pairs[i].key) ||
                                  !bco_list_add(&vm->arena, item.list, dict->pairs[i].value)))
            return bco_jinja_memory(vm);
        if (!bco_list_add(&vm->arena, result->list, item)) return bco_jinja_memory(vm);
    }
    return true;
}

static bool get_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                       struct bco_value *result) {
    const struct bco_value *key = bco_argument(arguments, 0, NULL), *otherwise = bco_argument(arguments, 1, NULL);
    if (!key) return bco_jinja_fail(vm, "get needs a key");
    const struct bco_value *found = bco_dict_get(f->self.dict, *key);
    *result = found ? *found : otherwise ? *otherwise : bco_value_none();
    return true;
}

static bool copy_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                        struct bco_value *result) {
    (void)vm;
    (void)arguments;
    *result = f->self; /* as nothing is ever changed */
    return true;
}

static bool index_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    const struct bco_value *item = bco_argument(arguments, 0, NULL);
    int64_t count = 0, at = -1;
    for (size_t i = 0; item && i < f->self.list->count; i++) {
        if (!bco_value_equal(f->self.list->items[i], *item)) continue;
        count++;
        if (at < 0) at = (int64_t)i;
    }
    bool index = f->name[0] == 'i';
    *result = bco_value_int(index ? at : count);
    return !index || at >= 0 || bco_jinja_fail(vm, "the value is not in the list");
}

/* ---- loops ----------------------------------------------------------------------------------------- */

static bool cycle_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                         struct bco_value *result) {
    if (!arguments->count) return bco_jinja_fail(vm, "no items for cycling given");
    *result = arguments->items[f->self.loop->index % arguments->count];
    return true;
}

static bool changed_method(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                           struct bco_value *result) {
    struct bco_value seen;
    if (!bco_value_new_list(&vm->arena, VALUE_TUPLE, arguments->count, &seen)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < arguments->count; i++)
        if (!bco_list_add(&vm->arena, seen.list, arguments->items[i])) return bco_jinja_memory(vm);
    struct bco_loop *loop = f->self.loop;
    *result = bco_value_bool(loop->changed.kind != VALUE_TUPLE || !bco_value_equal(loop->changed, seen));
    loop->changed = seen;
    return true;
}

static const struct method {
    enum bco_value_kind kind;
    const char *name;
    /* NULL: transformers runs templates in a sandbox, where lists and dicts cannot be changed */
    bool (*call)(struct bco_jinja *, const struct bco_function *, const struct bco_arguments *, struct bco_value *);
} methods[] = {
    {VALUE_STRING, "strip", strip_method},
    {VALUE_STRING, "lstrip", strip_method},
    {VALUE_STRING, "rstrip", strip_method},
    {VALUE_STRING, "split", split_method},
    {VALUE_STRING, "rsplit", split_method},
    {VALUE_STRING, "splitlines", splitlines_method},
    {VALUE_STRING, "startswith", affix_method},
    {VALUE_STRING, "endswith", affix_method},
    {VALUE_STRING, "removeprefix", remove_affix_method},
    {VALUE_STRING, "removesuffix", remove_affix_method},
    {VALUE_STRING, "replace", replace_method},
    {VALUE_STRING, "upper", case_method},
    {VALUE_STRING, "lower", case_method},
    {VALUE_STRING, "title", case_method},
    {VALUE_STRING, "capitalize", case_method},
    {VALUE_STRING, "find", find_method},
    {VALUE_STRING, "rfind", find_method},
    {VALUE_STRING, "index", find_method},
    {VALUE_STRING, "count", count_method},
    {VALUE_STRING, "join", join_method},
    {VALUE_STRING, "isdigit", is_method},
    {VALUE_STRING, "isalpha", is_method},
    {VALUE_STRING, "isalnum", is_method},
    {VALUE_STRING, "isspace", is_method},
    {VALUE_STRING, "isupper", is_method},
    {VALUE_STRING, "islower", is_method},
    {VALUE_DICT, "keys", view_method},
    {VALUE_DICT, "values", view_method},
    {VALUE_DICT, "items", view_method},
    {VALUE_DICT, "get", get_method},
    {VALUE_DICT, "copy", copy_method},
    {VALUE_DICT, "clear", NULL},
    {VALUE_DICT, "pop", NULL},
    {VALUE_DICT, "popitem", NULL},
    {VALUE_DICT, "setdefault", NULL},
    {VALUE_DICT, "update", NULL},
    {VALUE_LIST, "copy", copy_method},
    {VALUE_LIST, "index", index_method},
    {VALUE_LIST, "count", index_method},
    {VALUE_LIST, "append", NULL},
    {VALUE_LIST, "clear", NULL},
    {VALUE_LIST, "extend", NULL},
    {VALUE_LIST, "insert", NULL},
    {VALUE_LIST, "pop", NULL},
    {VALUE_LIST, "remove", NULL},
    {VALUE_LIST, "reverse", NULL},
    {VALUE_LIST, "sort", NULL},
    {VALUE_TUPLE, "index", index_method},
    {VALUE_TUPLE, "count", index_method},
    {VALUE_LOOP, "cycle", cycle_method},
    {VALUE_LOOP, "changed", changed_method},
};

static bool make_function(struct bco_jinja *vm, const char *name,
                          bool (*call)(struct bco_jinja *, const struct bco_function *, const struct bco_arguments *,
                                       struct bco_value *),
                          struct bco_value self, struct bco_value *result) {
    struct bco_function *function = bco_arena_get(&vm->arena, sizeof *function);
    if (!function) return bco_jinja_memory(vm);
    *function = (struct bco_function){name, call, self};
    *result = (struct bco_value){.kind = VALUE_FUNCTION, .function = function};
    return true;
}

bool bco_jinja_method(struct bco_jinja *vm, struct bco_value self, const char *name, struct bco_value *result) {
    if (self.kind == VALUE_STRING) vm->steps += self.length / 256;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (methods[i].kind != self.kind || strcmp(methods[i].name, name) != 0) continue;
        if (methods[i].call) return make_function(vm, methods[i].name, methods[i].call, self, result);
        return bco_jinja_undefined(vm, result,
                                   "access to attribute '%s' of '%s' object is unsafe: it cannot be changed", name,
                                   bco_value_type(self));
    }
    return false;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

/* The template's own words, unchanged. */
static bool call_raise(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                       struct bco_value *result) {
    (void)f;
    const struct bco_value *given = bco_argument(arguments, 0, "message");
    struct bco_value text = bco_value_text("", 0);
    if (given && !bco_jinja_print(vm, *given, &text)) return false;
    *result = text;
    vm->raised = true;
    if (!vm->code) vm->code = bco_fail(vm->err, BCO_EDATA, "%s", text.text);
    return false;
}

/* English names of days and months, whatever the locale. */
static bool call_strftime(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                          struct bco_value *result) {
    (void)f;
    struct bco_value format = bco_value_text("", 0);
    char text[512];
    if (!bco_argument_text(vm, arguments, 0, "format", &format)) return false;
    size_t length = strftime(text, sizeof text, format.text, &vm->now);
    if (!length && format.length) return bco_jinja_fail(vm, "strftime_now: the result is empty or too long");
    return bco_value_copy_text(&vm->arena, text, length, result) || bco_jinja_memory(vm);
}

/* namespace and dict take named values, and a dict before them. */
static bool call_dict(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                      struct bco_value *result) {
    const struct bco_value *from = bco_argument(arguments, 0, NULL);
    if (from && from->kind != VALUE_DICT) return bco_jinja_fail(vm, "%s() takes a dict or named values", f->name);
    if (!bco_value_new_dict(&vm->arena, f->name[0] == 'n' ? VALUE_NAMESPACE : VALUE_DICT, result))
        return bco_jinja_memory(vm);
    for (size_t i = 0; from && i < from->dict->count; i++)
        if (!bco_dict_set(&vm->arena, result->dict, from->dict->pairs[i].key, from->dict->pairs[i].value))
            return bco_jinja_memory(vm);
    for (size_t i = 0; i < arguments->named; i++)
        if (!bco_dict_set(&vm->arena, result->dict, bco_value_text(arguments->names[i], strlen(arguments->names[i])),
                          arguments->values[i]))
            return bco_jinja_memory(vm);
    return true;
}

enum { MAX_RANGE = 100000 }; /* the sandbox's */

static bool call_range(struct bco_jinja *vm, const struct bco_function *f, const struct bco_arguments *arguments,
                       struct bco_value *result) {
    (void)f;
    int64_t start = 0, stop = 0, step = 1;
    bool one = arguments->count == 1;
    if (!arguments->count) return bco_jinja_fail(vm, "range expected at least 1 argument, got 0");
    if (!bco_argument_int(vm, arguments, 0, NULL, one ? &stop : &start) ||
        !bco_argument_int(vm, arguments, 1, NULL, &stop) || !bco_argument_int(vm, arguments, 2, NULL, &step))
        return false;
    if (step == 0) return bco_jinja_fail(vm, "range() arg 3 must not be zero");
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, 0, result)) return bco_jinja_memory(vm);
    for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
        if (result->list->count == MAX_RANGE) return bco_jinja_fail(vm, "range is longer than %d", MAX_RANGE);
        if (!bco_list_add(&vm->arena, result->list, bco_value_int(i))) return bco_jinja_memory(vm);
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return true;
}

bool bco_jinja_global(struct bco_jinja *vm, const char *name, struct bco_value *result) {
    static const struct {
        const char *name;
        bool (*call)(struct bco_jinja *, const struct bco_function *, const struct bco_arguments *, struct bco_value *);
    } globals[] = {{"raise_exception", call_raise},
                   {"strftime_now", call_strftime},
                   {"namespace", call_dict},
                   {"dict", call_dict},
                   {"range", call_range}};
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        if (!strcmp(globals[i].name, name))
            return make_function(vm, globals[i].name, globals[i].call, bco_value_none(), result);
    return false;
}

/* Statements and expressions. */
#include "text/jinja.h"

#include "base/fail.h"
#include "text/unicode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct bco_variable {
    struct bco_variable *next;
    const char *name;
    struct bco_value value;
};

bool bco_jinja_fail(struct bco_jinja *vm, const char *format, ...) {
    char message[BCO_ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (!vm->code)
        vm->code = bco_fail_at(vm->err, BCO_EDATA, NULL, 0, NULL, "template line %zu: %s", vm->line, message);
    return false;
}

bool bco_jinja_memory(struct bco_jinja *vm) {
    if (vm->arena.failed && !vm->code) vm->code = bco_fail_memory(vm->err);
    return bco_jinja_fail(vm, "out of memory: more than %d MiB, or values nested too deeply", BCO_JINJA_BYTES >> 20);
}

static bool fits(struct bco_jinja *vm, const struct bco_buf *buf) {
    if (buf->length > BCO_JINJA_BYTES) return bco_jinja_memory(vm);
    vm->arena.failed = vm->arena.failed || buf->failed;
    return !buf->failed || bco_jinja_memory(vm);
}

bool bco_jinja_take(struct bco_jinja *vm, struct bco_buf *buf, struct bco_value *text) {
    bool done = fits(vm, buf) && (bco_value_copy_text(&vm->arena, buf->length ? buf->data : "", buf->length, text) ||
                                  bco_jinja_memory(vm));
    bco_buf_free(buf);
    return done;
}

static bool step(struct bco_jinja *vm, const struct bco_node *node) {
    vm->line = node->line;
    if (++vm->steps > BCO_JINJA_STEPS) return bco_jinja_fail(vm, "more than %d steps", BCO_JINJA_STEPS);
    return fits(vm, vm->out);
}

/* ---- scopes --------------------------------------------------------------------------- */

static struct bco_variable *find_here(const struct bco_scope *scope, const char *name) {
    struct bco_variable *variable = scope->first;
    while (variable && strcmp(variable->name, name) != 0) variable = variable->next;
    return variable;
}

bool bco_jinja_set(struct bco_jinja *vm, struct bco_scope *scope, const char *name, struct bco_value value) {
    struct bco_variable *variable = find_here(scope, name);
    if (!variable) {
        variable = bco_arena_get(&vm->arena, sizeof *variable);
        if (!variable) return bco_jinja_memory(vm);
        *variable = (struct bco_variable){.next = scope->first, .name = name};
        scope->first = variable;
    }
    variable->value = value;
    return true;
}

static struct bco_scope *open_scope(struct bco_jinja *vm, struct bco_scope *parent) {
    struct bco_scope *scope = bco_arena_get(&vm->arena, sizeof *scope);
    if (!scope) {
        bco_jinja_memory(vm);
        return NULL;
    }
    *scope = (struct bco_scope){.parent = parent};
    return scope;
}

static bool look_up(struct bco_jinja *vm, const char *name, struct bco_value *result) {
    static const char *const unsupported[] = {"varargs", "kwargs", "caller"};
    for (const struct bco_scope *scope = vm->scope; scope; scope = scope->parent) {
        const struct bco_variable *variable = find_here(scope, name);
        if (!variable) continue;
        *result = variable->value;
        return true;
    }
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(name, unsupported[i])) return bco_jinja_fail(vm, "'%s' is not supported", name);
    return bco_jinja_global(vm, name, result) || vm->code || bco_jinja_undefined(vm, result, "'%s' is undefined", name);
}

/* ---- expressions ----------------------------------------------------------------------- */

static bool evaluate(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result);

static bool evaluate_list(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    enum bco_value_kind kind = node->kind == NODE_TUPLE ? VALUE_TUPLE : VALUE_LIST;
    if (!bco_value_new_list(&vm->arena, kind, node->count, result)) return bco_jinja_memory(vm);
    for (size_t i = 0; i < node->count; i++) {
        struct bco_value item;
        if (!evaluate(vm, node->children[i], &item)) return false;
        if (!bco_list_add(&vm->arena, result->list, item)) return bco_jinja_memory(vm);
    }
    return true;
}

static bool evaluate_dict(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    if (!bco_value_new_dict(&vm->arena, VALUE_DICT, result)) return bco_jinja_memory(vm);
    for (size_t i = 0; i + 1 < node->count; i += 2) {
        struct bco_value key, value;
        if (!evaluate(vm, node->children[i], &key) || !evaluate(vm, node->children[i + 1], &value)) return false;
        if (key.kind == VALUE_LIST || key.kind == VALUE_DICT)
            return bco_jinja_fail(vm, "unhashable type: '%s'", bco_value_type(key));
        if (!bco_dict_set(&vm->arena, result->dict, key, value)) return bco_jinja_memory(vm);
    }
    return true;
}

/* The arguments of a call, filter or test: children from `first` on. */
static bool evaluate_arguments(struct bco_jinja *vm, const struct bco_node *node, size_t first,
                               struct bco_arguments *arguments) {
    size_t room = node->count - first;
    *arguments = (struct bco_arguments){0};
    if (!room) return true;
    arguments->items = bco_arena_get(&vm->arena, room * sizeof *arguments->items);
    arguments->values = bco_arena_get(&vm->arena, room * sizeof *arguments->values);
    arguments->names = bco_arena_get(&vm->arena, room * sizeof *arguments->names);
    if (!arguments->items || !arguments->values || !arguments->names) return bco_jinja_memory(vm);
    for (size_t i = first; i < node->count; i++) {
        const struct bco_node *child = node->children[i];
        bool named = child->kind == NODE_KEYWORD;
        struct bco_value value;
        if (!evaluate(vm, named ? child->children[0] : child, &value)) return false;
        if (named) {
            arguments->names[arguments->named] = child->name;
            arguments->values[arguments->named++] = value;
        } else {
            arguments->items[arguments->count++] = value;
        }
    }
    return true;
}

static bool evaluate_call(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value callee;
    struct bco_arguments arguments;
    if (!evaluate(vm, node->children[0], &callee) || !evaluate_arguments(vm, node, 1, &arguments)) return false;
    vm->line = node->line;
    return bco_jinja_call(vm, callee, &arguments, result);
}

static bool evaluate_filter(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value value;
    struct bco_arguments arguments;
    if (!evaluate(vm, node->children[0], &value) || !evaluate_arguments(vm, node, 1, &arguments)) return false;
    vm->line = node->line;
    return bco_jinja_filter(vm, node->name, value, &arguments, result);
}

static bool evaluate_test(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value value;
    struct bco_arguments arguments;
    bool holds;
    if (!evaluate(vm, node->children[0], &value) || !evaluate_arguments(vm, node, 1, &arguments)) return false;
    vm->line = node->line;
    if (!bco_jinja_test(vm, node->name, value, &arguments, &holds)) return false;
    *result = bco_value_bool(holds);
    return true;
}

/* a < b < c: each pair must hold, and nothing behind the first that does not is looked at. */
static bool evaluate_comparison(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value left, right;
    bool holds = true;
    if (!evaluate(vm, node->children[0], &left)) return false;
    for (size_t i = 1; holds && i < node->count; i++) {
        const struct bco_node *operand = node->children[i];
        if (!evaluate(vm, operand->children[0], &right)) return false;
        vm->line = node->line;
        if (!bco_jinja_compare(vm, operand->name, left, right, &holds)) return false;
        left = right;
    }
    *result = bco_value_bool(holds);
    return true;
}

static bool evaluate_logic(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    if (!evaluate(vm, node->children[0], result)) return false;
    if (node->kind == NODE_NOT) {
        *result = bco_value_bool(!bco_value_truth(*result));
        return true;
    }
    return bco_value_truth(*result) == (node->kind == NODE_OR) || evaluate(vm, node->children[1], result);
}

static bool evaluate_condition(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value test;
    if (!evaluate(vm, node->children[0], &test)) return false;
    const struct bco_node *chosen = node->children[bco_value_truth(test) ? 1 : 2];
    if (chosen) return evaluate(vm, chosen, result);
    return bco_jinja_undefined(vm, result, "the inline if-expression has no else and its condition is false");
}

static bool evaluate_sign(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    if (!evaluate(vm, node->children[0], result)) return false;
    if (!bco_value_is_number(*result))
        return bco_jinja_fail(vm, "bad operand type for a sign: '%s'", bco_value_type(*result));
    if (result->kind != VALUE_FLOAT)
        return bco_jinja_binary(vm, node->kind == NODE_NEGATE ? "-" : "+", bco_value_int(0), *result, result);
    if (node->kind == NODE_NEGATE) result->real = -result->real;
    return true;
}

/* Python's slice: start and stop inside of 0..length, for steps in either direction. */
struct range {
    int64_t start, stop, step;
};

static int64_t bound(struct bco_value value, int64_t length, int64_t low, int64_t high, int64_t otherwise) {
    if (value.kind == VALUE_NONE) return otherwise;
    int64_t at = value.kind == VALUE_BOOL ? value.truth : value.integer;
    if (at < 0) at = at < -length ? low : at + length;
    return at < low ? low : at > high ? high : at;
}

static bool slice_range(struct bco_jinja *vm, const struct bco_node *node, int64_t length, struct range *range) {
    struct bco_value parts[3];
    for (size_t i = 0; i < 3; i++) {
        parts[i] = bco_value_none();
        if (node->children[i + 1] && !evaluate(vm, node->children[i + 1], &parts[i])) return false;
        if (parts[i].kind != VALUE_NONE && parts[i].kind != VALUE_INT && parts[i].kind != VALUE_BOOL)
            return bco_jinja_fail(vm, "slice indices must be integers or None");
    }
    range->step = parts[2].kind == VALUE_NONE ? 1 : parts[2].kind == VALUE_BOOL ? parts[2].truth : parts[2].integer;
    if (range->step == 0) return bco_jinja_fail(vm, "slice step cannot be zero");
    bool back = range->step < 0;
    int64_t low = back ? -1 : 0, high = back ? length - 1 : length;
    range->start = bound(parts[0], length, low, high, back ? high : low);
    range->stop = bound(parts[1], length, low, high, back ? low : high);
    if (range->step > length) range->step = length + 1;
    if (range->step < -length) range->step = -length - 1;
    return true;
}

static bool in_range(const struct range *range, int64_t at) {
    return range->step > 0 ? at < range->stop : at > range->stop;
}

static bool slice_text(struct bco_jinja *vm, const struct range *range, struct bco_value text,
                       struct bco_value *result) {
    struct bco_value characters;
    struct bco_buf buf = {0};
    if (!bco_jinja_items(vm, text, &characters)) return false;
    for (int64_t i = range->start; in_range(range, i); i += range->step)
        bco_buf_add(&buf, characters.list->items[i].text, characters.list->items[i].length);
    return bco_jinja_take(vm, &buf, result);
}

static bool evaluate_slice(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value value;
    struct range range = {0};
    if (!evaluate(vm, node->children[0], &value)) return false;
    bool text = value.kind == VALUE_STRING;
    if (value.kind == VALUE_UNDEFINED) return bco_jinja_fail(vm, "%s", value.text);
    if (!text && value.kind != VALUE_LIST && value.kind != VALUE_TUPLE)
        return bco_jinja_undefined(vm, result, "'%s' object cannot be sliced", bco_value_type(value));
    size_t length = text ? bco_text_characters(value.text, value.length) : value.list->count;
    if (!slice_range(vm, node, (int64_t)length, &range)) return false;
    if (text) return slice_text(vm, &range, value, result);
    if (!bco_value_new_list(&vm->arena, value.kind, 0, result)) return bco_jinja_memory(vm);
    for (int64_t i = range.start; in_range(&range, i); i += range.step)
        if (!bco_list_add(&vm->arena, result->list, value.list->items[i])) return bco_jinja_memory(vm);
    return true;
}

static bool evaluate_pair(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    struct bco_value a, b;
    if (!evaluate(vm, node->children[0], &a) || !evaluate(vm, node->children[1], &b)) return false;
    vm->line = node->line;
    return node->kind == NODE_ITEM ? bco_jinja_item(vm, a, b, result) : bco_jinja_binary(vm, node->name, a, b, result);
}

static bool evaluate_deeper(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    switch (node->kind) {
    case NODE_CONSTANT: *result = node->value; return true;
    case NODE_NAME: return look_up(vm, node->name, result);
    case NODE_LIST:
    case NODE_TUPLE: return evaluate_list(vm, node, result);
    case NODE_DICT: return evaluate_dict(vm, node, result);
    case NODE_ATTRIBUTE:
        if (!evaluate(vm, node->children[0], result)) return false;
        vm->line = node->line;
        return bco_jinja_attribute(vm, *result, node->name, result);
    case NODE_ITEM:
    case NODE_BINARY: return evaluate_pair(vm, node, result);
    case NODE_SLICE: return evaluate_slice(vm, node, result);
    case NODE_CALL: return evaluate_call(vm, node, result);
    case NODE_FILTER: return evaluate_filter(vm, node, result);
    case NODE_TEST: return evaluate_test(vm, node, result);
    case NODE_CONDITION: return evaluate_condition(vm, node, result);
    case NODE_NOT:
    case NODE_AND:
    case NODE_OR: return evaluate_logic(vm, node, result);
    case NODE_NEGATE:
    case NODE_PLUS: return evaluate_sign(vm, node, result);
    case NODE_COMPARE: return evaluate_comparison(vm, node, result);
    default: return bco_jinja_fail(vm, "'%s' is not supported", node->name);
    }
}

static bool evaluate(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *result) {
    *result = bco_value_none();
    if (!step(vm, node)) return false;
    if (++vm->depth > BCO_JINJA_DEPTH) return bco_jinja_fail(vm, "nested too deeply");
    bool done = evaluate_deeper(vm, node, result);
    vm->depth--;
    return done;
}

/* ---- statements ------------------------------------------------------------------------ */

static bool execute(struct bco_jinja *vm, const struct bco_node *node);

static bool assign(struct bco_jinja *vm, const struct bco_node *target, struct bco_value value);

static bool assign_all(struct bco_jinja *vm, const struct bco_node *target, struct bco_value value) {
    struct bco_value items;
    if (!bco_jinja_items(vm, value, &items)) return false;
    if (items.list->count != target->count)
        return bco_jinja_fail(vm, "%zu values to unpack, expected %zu", items.list->count, target->count);
    for (size_t i = 0; i < target->count; i++)
        if (!assign(vm, target->children[i], items.list->items[i])) return false;
    return true;
}

static bool assign(struct bco_jinja *vm, const struct bco_node *target, struct bco_value value) {
    if (target->kind == NODE_TUPLE) return assign_all(vm, target, value);
    if (target->kind == NODE_NAME) return bco_jinja_set(vm, vm->scope, target->name, value);
    struct bco_value object;
    if (!evaluate(vm, target->children[0], &object)) return false;
    if (object.kind != VALUE_NAMESPACE)
        return bco_jinja_fail(vm, "cannot assign an attribute on a non-namespace object");
    return bco_dict_set(&vm->arena, object.dict, bco_value_text(target->name, strlen(target->name)), value) ||
           bco_jinja_memory(vm);
}

/* Executes with the output going to a text. */
static bool capture(struct bco_jinja *vm, const struct bco_node *body, struct bco_value *text) {
    struct bco_buf buf = {0}, *out = vm->out;
    *text = bco_value_none();
    vm->out = &buf;
    bool done = execute(vm, body);
    vm->out = out;
    if (done) return bco_jinja_take(vm, &buf, text);
    bco_buf_free(&buf);
    return false;
}

/* Filters around nothing, as a block has them: the innermost gets `text`. */
static bool apply_filters(struct bco_jinja *vm, const struct bco_node *node, struct bco_value text,
                          struct bco_value *result) {
    struct bco_arguments arguments;
    if (!node) {
        *result = text;
        return true;
    }
    if (node->kind != NODE_FILTER) return bco_jinja_fail(vm, "only filters can stand here");
    if (++vm->depth > BCO_JINJA_DEPTH) return bco_jinja_fail(vm, "nested too deeply");
    bool done = apply_filters(vm, node->children[0], text, &text) && evaluate_arguments(vm, node, 1, &arguments) &&
                bco_jinja_filter(vm, node->name, text, &arguments, result);
    vm->depth--;
    return done;
}

static bool execute_in_scope(struct bco_jinja *vm, const struct bco_node *body) {
    struct bco_scope *outer = vm->scope, *inner = open_scope(vm, outer);
    if (!inner) return false;
    vm->scope = inner;
    bool done = execute(vm, body);
    vm->scope = outer;
    return done;
}

static bool execute_block(struct bco_jinja *vm, const struct bco_node *node) {
    size_t at = node->kind == NODE_SET_BLOCK;
    const struct bco_node *target = at ? node->children[0] : NULL;
    const struct bco_node *body = node->children[at], *filters = node->children[at + 1];
    struct bco_scope *outer = vm->scope;
    struct bco_value text;
    if (!(vm->scope = open_scope(vm, outer))) {
        vm->scope = outer;
        return false;
    }
    bool done = capture(vm, body, &text);
    vm->scope = outer;
    if (!done || !apply_filters(vm, filters, text, &text)) return false;
    if (target) return assign(vm, target, text);
    bco_value_print(text, vm->out);
    return true;
}

/* The items that the loop's own condition leaves. */
static bool loop_items(struct bco_jinja *vm, const struct bco_node *node, struct bco_value *items) {
    struct bco_value value, kept;
    if (!evaluate(vm, node->children[1], &value) || !bco_jinja_items(vm, value, items)) return false;
    const struct bco_node *test = node->children[2];
    if (!test) return true;
    if (!bco_value_new_list(&vm->arena, VALUE_LIST, 0, &kept)) return bco_jinja_memory(vm);
    struct bco_scope *outer = vm->scope;
    bool done = true;
    for (size_t i = 0; done && i < items->list->count; i++) {
        struct bco_value holds;
        vm->scope = open_scope(vm, outer);
        done = vm->scope && assign(vm, node->children[0], items->list->items[i]) && evaluate(vm, test, &holds);
        if (done && bco_value_truth(holds) && !bco_list_add(&vm->arena, kept.list, items->list->items[i]))
            done = bco_jinja_memory(vm);
    }
    vm->scope = outer;
    *items = kept;
    return done;
}

static bool loop_once(struct bco_jinja *vm, const struct bco_node *node, struct bco_value loop) {
    struct bco_scope *outer = vm->scope, *inner = open_scope(vm, outer);
    if (!inner) return false;
    vm->scope = inner;
    bool done = bco_jinja_set(vm, inner, "loop", loop) &&
                assign(vm, node->children[0], loop.loop->items->items[loop.loop->index]) &&
                execute(vm, node->children[3]);
    vm->scope = outer;
    return done;
}

static bool execute_for(struct bco_jinja *vm, const struct bco_node *node) {
    struct bco_value items, loop = {.kind = VALUE_LOOP};
    if (!loop_items(vm, node, &items)) return false;
    loop.loop = bco_arena_get(&vm->arena, sizeof *loop.loop);
    if (!loop.loop) return bco_jinja_memory(vm);
    *loop.loop = (struct bco_loop){.items = items.list};
    for (; loop.loop->index < items.list->count; loop.loop->index++) {
        if (!step(vm, node) || !loop_once(vm, node, loop)) return false;
        bool left = vm->flow == FLOW_BREAK;
        vm->flow = FLOW_ON;
        if (left) break;
    }
    if (items.list->count || !node->children[4]) return true;
    return execute_in_scope(vm, node->children[4]);
}

static bool execute_if(struct bco_jinja *vm, const struct bco_node *node) {
    while (node->kind == NODE_IF) {
        struct bco_value test;
        if (!evaluate(vm, node->children[0], &test)) return false;
        if (bco_value_truth(test)) return execute(vm, node->children[1]);
        node = node->children[2];
        if (!node) return true;
    }
    return execute(vm, node);
}

static bool execute_macro(struct bco_jinja *vm, const struct bco_node *node) {
    struct bco_macro *macro = bco_arena_get(&vm->arena, sizeof *macro);
    if (!macro) return bco_jinja_memory(vm);
    *macro = (struct bco_macro){node, vm->scope};
    return bco_jinja_set(vm, vm->scope, node->name, (struct bco_value){.kind = VALUE_MACRO, .macro = macro});
}

static bool execute_with(struct bco_jinja *vm, const struct bco_node *node) {
    struct bco_scope *outer = vm->scope, *inner = open_scope(vm, outer);
    bool done = inner != NULL;
    for (size_t i = 1; done && i < node->count; i++) {
        struct bco_value value; /* values are of the scope outside */
        done = evaluate(vm, node->children[i]->children[1], &value);
        vm->scope = inner;
        done = done && assign(vm, node->children[i]->children[0], value);
        vm->scope = outer;
    }
    vm->scope = inner;
    done = done && execute(vm, node->children[0]);
    vm->scope = outer;
    return done;
}

static bool execute_body(struct bco_jinja *vm, const struct bco_node *node) {
    for (size_t i = 0; i < node->count && vm->flow == FLOW_ON; i++)
        if (!execute(vm, node->children[i])) return false;
    return true;
}

static bool execute_print(struct bco_jinja *vm, const struct bco_node *node) {
    struct bco_value value;
    if (!evaluate(vm, node->children[0], &value)) return false;
    bco_value_print(value, vm->out);
    return true;
}

static bool execute_set(struct bco_jinja *vm, const struct bco_node *node) {
    struct bco_value value;
    return evaluate(vm, node->children[1], &value) && assign(vm, node->children[0], value);
}

static bool execute(struct bco_jinja *vm, const struct bco_node *node) {
    if (!step(vm, node)) return false;
    switch (node->kind) {
    case NODE_BODY: return execute_body(vm, node);
    case NODE_DATA: bco_buf_add(vm->out, node->value.text, node->value.length); return true;
    case NODE_PRINT: return execute_print(vm, node);
    case NODE_IF: return execute_if(vm, node);
    case NODE_FOR: return execute_for(vm, node);
    case NODE_SET: return execute_set(vm, node);
    case NODE_SET_BLOCK:
    case NODE_FILTER_BLOCK: return execute_block(vm, node);
    case NODE_MACRO: return execute_macro(vm, node);
    case NODE_SCOPE: return execute_in_scope(vm, node->children[0]);
    case NODE_WITH: return execute_with(vm, node);
    case NODE_BREAK: vm->flow = FLOW_BREAK; return true;
    case NODE_CONTINUE: vm->flow = FLOW_CONTINUE; return true;
    default: return bco_jinja_fail(vm, "'%s' is not supported", node->name);
    }
}

/* ---- calls ------------------------------------------------------------------------------ */

static bool set_parameter(struct bco_jinja *vm, const struct bco_node *parameter, size_t at,
                          const struct bco_arguments *arguments) {
    const struct bco_value *given = bco_argument(arguments, at, parameter->name);
    struct bco_value value;
    if (given)
        value = *given;
    else if (parameter->children[0] && !evaluate(vm, parameter->children[0], &value))
        return false;
    else if (!parameter->children[0] &&
             !bco_jinja_undefined(vm, &value, "parameter '%s' was not provided", parameter->name))
        return false;
    return bco_jinja_set(vm, vm->scope, parameter->name, value);
}

static bool has_parameter(const struct bco_node *macro, const char *name) {
    for (size_t i = 1; i < macro->count; i++)
        if (!strcmp(macro->children[i]->name, name)) return true;
    return false;
}

static bool call_macro(struct bco_jinja *vm, const struct bco_macro *macro, const struct bco_arguments *arguments,
                       struct bco_value *result) {
    const struct bco_node *node = macro->node;
    struct bco_scope *outer = vm->scope;
    if (arguments->count > node->count - 1)
        return bco_jinja_fail(vm, "macro '%s' takes not more than %zu argument(s)", node->name, node->count - 1);
    for (size_t i = 0; i < arguments->named; i++)
        if (!has_parameter(node, arguments->names[i]))
            return bco_jinja_fail(vm, "macro '%s' takes no keyword argument '%s'", node->name, arguments->names[i]);
    struct bco_scope *inner = open_scope(vm, macro->scope);
    if (!inner) return false;
    vm->scope = inner;
    bool done = true;
    for (size_t i = 1; done && i < node->count; i++) done = set_parameter(vm, node->children[i], i - 1, arguments);
    done = done && capture(vm, node->children[0], result);
    vm->scope = outer;
    return done;
}

bool bco_jinja_call(struct bco_jinja *vm, struct bco_value callee, const struct bco_arguments *arguments,
                    struct bco_value *result) {
    if (callee.kind == VALUE_UNDEFINED) return bco_jinja_fail(vm, "%s", callee.text);
    if (callee.kind == VALUE_FUNCTION) return callee.function->call(vm, callee.function, arguments, result);
    if (callee.kind != VALUE_MACRO) return bco_jinja_fail(vm, "'%s' object is not callable", bco_value_type(callee));
    if ((vm->depth += 10) > BCO_JINJA_DEPTH) return bco_jinja_fail(vm, "macros are nested too deeply");
    bool done = call_macro(vm, callee.macro, arguments, result);
    vm->depth -= 10;
    return done;
}

bool bco_jinja_run(struct bco_jinja *vm, const struct bco_node *tree) {
    return execute(vm, tree) && fits(vm, vm->out);
}

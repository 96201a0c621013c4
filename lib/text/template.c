#define _GNU_SOURCE /* memmem */
#include <bco/template.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "text/jinja.h"
#include "text/json.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_LIMIT = 4 << 20, TREE_BYTES = 256 << 20 };

struct bco_template {
    char *source;
    size_t length;
    char *tokens[2]; /* bos_token, eos_token as JSON; NULL: none */
    struct bco_arena arena;
    struct bco_node *tree;
    struct bco_error broken; /* tree NULL: why a model's own template does not parse */
};

static const char *const token_names[2] = {"bos_token", "eos_token"};

/* Numbers and names of days are Python's, whatever locale the program has chosen: this thread's is C meanwhile. */
struct plain {
    locale_t own, before; /* 0: as it was */
};

static struct plain begin_plain(void) {
    struct plain plain = {.own = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (plain.own) plain.before = uselocale(plain.own);
    return plain;
}

static void end_plain(struct plain *plain) {
    if (!plain->own) return;
    uselocale(plain->before);
    freelocale(plain->own);
}

/* ---- opening ------------------------------------------------------------------------------ */

static enum bco_code read_file(struct bco_template *chat, const char *path, bool needed, struct bco_error *err) {
    FILE *in = fopen(path, "rb");
    if (!in && errno == ENOENT && !needed) return BCO_OK;
    if (!in) return bco_fail_errno(err, path, "cannot open");
    chat->source = bco_malloc(SOURCE_LIMIT + 1, 1);
    size_t length = chat->source ? fread(chat->source, 1, SOURCE_LIMIT + 1, in) : 0;
    enum bco_code code = BCO_OK;
    if (!chat->source)
        code = bco_fail_memory(err);
    else if (ferror(in))
        code = bco_fail_errno(err, path, "cannot read");
    else if (length > SOURCE_LIMIT)
        code = bco_fail_at(err, BCO_EDATA, path, 0, NULL, "longer than %d bytes", SOURCE_LIMIT);
    chat->length = length;
    fclose(in);
    return code;
}

/* chat_template is the text, or a list of {"name", "template"}. */
static enum bco_code read_setting(struct bco_template *chat, yyjson_val *root, struct bco_error *err) {
    yyjson_val *setting = yyjson_obj_get(root, "chat_template"), *item;
    size_t i, count;
    yyjson_arr_foreach(setting, i, count, item) {
        if (!yyjson_equals_str(yyjson_obj_get(item, "name"), "default")) continue;
        setting = yyjson_obj_get(item, "template");
        break;
    }
    if (!setting || yyjson_is_null(setting) || yyjson_is_arr(setting)) return BCO_OK;
    if (!yyjson_is_str(setting)) return bco_fail(err, BCO_EDATA, "'chat_template' is not a text");
    chat->length = yyjson_get_len(setting);
    chat->source = bco_strndup(yyjson_get_str(setting), chat->length);
    return chat->source ? BCO_OK : bco_fail_memory(err);
}

/* A token is a text or an object with "content". */
static enum bco_code read_tokens(struct bco_template *chat, yyjson_val *root, struct bco_error *err) {
    for (size_t i = 0; i < 2; i++) {
        yyjson_val *token = yyjson_obj_get(root, token_names[i]);
        if (yyjson_is_obj(token)) token = yyjson_obj_get(token, "content");
        if (chat->tokens[i] || !yyjson_is_str(token)) continue;
        chat->tokens[i] = yyjson_val_write(token, 0, NULL);
        if (!chat->tokens[i]) return bco_fail_memory(err);
    }
    return BCO_OK;
}

static enum bco_code read_folder(struct bco_template *chat, const char *dir, struct bco_error *err) {
    static const char *const files[] = {"tokenizer_config.json", "special_tokens_map.json"};
    char path[BCO_ERROR_FILE_SIZE];
    enum bco_code code = BCO_OK;
    snprintf(path, sizeof path, "%s/chat_template.jinja", dir);
    if (!chat->source) code = read_file(chat, path, false, err);
    for (size_t i = 0; !code && i < 2; i++) {
        yyjson_doc *doc;
        code = bco_json_file(&doc, dir, files[i], false, err);
        if (!code && !chat->source) code = read_setting(chat, yyjson_doc_get_root(doc), err);
        if (!code) code = read_tokens(chat, yyjson_doc_get_root(doc), err);
        yyjson_doc_free(doc);
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (code) bco_error_place(err, path, 0, NULL);
    }
    return code;
}

static enum bco_code parse(struct bco_template *chat, const char *dir, const char *file, struct bco_error *err) {
    chat->arena.limit = TREE_BYTES;
    struct bco_error why = {0};
    struct plain plain = begin_plain();
    enum bco_code code = bco_jinja_parse(chat->source, chat->length, &chat->arena, &chat->tree, &why);
    end_plain(&plain);
    if (!code) return BCO_OK;
    char path[BCO_ERROR_FILE_SIZE];
    snprintf(path, sizeof path, "%s%s", file ? file : dir, file ? "" : ": the chat template");
    return bco_fail_at(err, code, path, why.line, NULL, "%s", why.message);
}

enum bco_code bco_template_open(struct bco_template **chat, const char *dir, const char *file, struct bco_error *err) {
    *chat = NULL;
    struct bco_template *made = bco_calloc(1, sizeof *made);
    if (!made) return bco_fail_memory(err);
    enum bco_code code = file ? read_file(made, file, true, err) : BCO_OK;
    if (!code && dir) code = read_folder(made, dir, err);
    if (!code && made->source) code = parse(made, dir, file, file ? err : &made->broken);
    /* A model can be used without its template: only records with messages ask for it. */
    if (code == BCO_EDATA && !file && made->broken.code) code = BCO_OK;
    if (code && !file && made->broken.code && err) *err = made->broken;
    if (code || !made->source)
        bco_template_close(made);
    else
        *chat = made;
    return code;
}

void bco_template_close(struct bco_template *chat) {
    if (!chat) return;
    bco_arena_free(&chat->arena);
    free(chat->source);
    free(chat->tokens[0]);
    free(chat->tokens[1]);
    free(chat);
}

uint32_t bco_template_fingerprint(const struct bco_template *chat) {
    uint64_t seed = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *token = chat->tokens[i] ? chat->tokens[i] : "";
        seed = bco_hash_bytes(token, strlen(token), seed + i + 1).low;
    }
    if (memmem(chat->source, chat->length, "strftime_now", 12)) {
        time_t seconds = time(NULL);
        struct tm day;
        if (localtime_r(&seconds, &day)) seed += (uint64_t)day.tm_year * 366 + (uint64_t)day.tm_yday + 1;
    }
    uint32_t value = (uint32_t)bco_hash_bytes(chat->source, chat->length, seed).low;
    return value ? value : 1;
}

/* ---- rendering ------------------------------------------------------------------------------- */

/* NULL and BCO_EDATA: it is no JSON. */
static enum bco_code read_json(struct bco_jinja *vm, yyjson_doc **doc, const char *json, size_t length) {
    yyjson_read_err why = {0};
    *doc = yyjson_read_opts((char *)(uintptr_t)json, length, 0, NULL, &why);
    if (*doc) return BCO_OK;
    return why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? bco_fail_memory(vm->err) : BCO_EDATA;
}

static enum bco_code set_json(struct bco_jinja *vm, const char *name, const char *json, size_t length) {
    yyjson_doc *doc;
    struct bco_value value;
    enum bco_code code = read_json(vm, &doc, json, length);
    if (code == BCO_EDATA)
        return bco_fail(vm->err, BCO_EUSAGE, "--var %s: '%.200s' is not JSON; texts stand in double quotes", name,
                        json);
    if (code) return code;
    bool done =
        bco_value_from_json(&vm->arena, yyjson_doc_get_root(doc), &value) && bco_jinja_set(vm, vm->scope, name, value);
    yyjson_doc_free(doc);
    return done ? BCO_OK : bco_fail_memory(vm->err);
}

static enum bco_code add_messages(struct bco_jinja *vm, struct bco_value *list, const char *json, size_t length) {
    yyjson_doc *doc;
    enum bco_code code = read_json(vm, &doc, json, length);
    yyjson_val *root = yyjson_doc_get_root(doc), *item;
    size_t i, count;
    if (code != BCO_ESYSTEM && !yyjson_is_arr(root)) code = bco_fail(vm->err, BCO_EDATA, "is not a list of messages");
    yyjson_arr_foreach(root, i, count, item) {
        struct bco_value message;
        if (!code &&
            (!bco_value_from_json(&vm->arena, item, &message) || !bco_list_add(&vm->arena, list->list, message)))
            code = bco_fail_memory(vm->err);
    }
    yyjson_doc_free(doc);
    return code;
}

static bool is_given(const struct bco_template_options *options, const char *name) {
    for (size_t i = 0; i < options->variable_count; i++)
        if (!strcmp(options->variables[i].name, name)) return true;
    return false;
}

static enum bco_code set_variables(struct bco_jinja *vm, const struct bco_template *chat,
                                   const struct bco_template_options *options) {
    enum bco_code code = BCO_OK;
    bool done = bco_jinja_set(vm, vm->scope, "tools", bco_value_none()) &&
                bco_jinja_set(vm, vm->scope, "documents", bco_value_none()) &&
                bco_jinja_set(vm, vm->scope, "add_generation_prompt", bco_value_bool(options->add_generation_prompt));
    if (!done) return vm->code;
    for (size_t i = 0; !code && i < 2; i++)
        if (chat->tokens[i] && !is_given(options, token_names[i]))
            code = set_json(vm, token_names[i], chat->tokens[i], strlen(chat->tokens[i]));
    for (size_t i = 0; !code && i < options->variable_count; i++) {
        const struct bco_template_variable *variable = &options->variables[i];
        if (*variable->json) code = set_json(vm, variable->name, variable->json, strlen(variable->json));
    }
    return code;
}

static void set_now(struct bco_jinja *vm, const struct tm *now) {
    time_t seconds = time(NULL);
    if (now)
        vm->now = *now;
    else if (!localtime_r(&seconds, &vm->now))
        memset(&vm->now, 0, sizeof vm->now);
}

static enum bco_code render(const struct bco_template *chat, const char *messages, size_t length, const char *more,
                            size_t more_length, const struct bco_template_options *options, char **text,
                            size_t *text_length, struct bco_error *err) {
    static const struct bco_template_options defaults = {0};
    struct bco_buf out = {0};
    struct bco_scope scope = {0};
    struct bco_value list;
    struct bco_jinja vm = {.arena.limit = BCO_JINJA_BYTES, .out = &out, .scope = &scope, .err = err};
    if (!options) options = &defaults;
    *text = NULL;
    if (!chat->tree)
        return bco_fail(err, BCO_EDATA, "%s:%zu: %s", chat->broken.file, chat->broken.line, chat->broken.message);
    set_now(&vm, options->now);
    enum bco_code code = bco_value_new_list(&vm.arena, VALUE_LIST, 0, &list) ? BCO_OK : bco_fail_memory(err);
    if (!code) code = add_messages(&vm, &list, messages, length);
    if (!code && more) code = add_messages(&vm, &list, more, more_length);
    if (!code) code = set_variables(&vm, chat, options);
    if (!code && !bco_jinja_set(&vm, &scope, "messages", list)) code = vm.code;
    if (!code && !bco_jinja_run(&vm, chat->tree)) code = vm.code;
    bco_buf_add(&out, "", 0);
    if (!code && out.failed) code = bco_fail_memory(err);
    if (!code) {
        *text = out.data;
        *text_length = out.length;
        out = (struct bco_buf){0};
    }
    bco_buf_free(&out);
    bco_arena_free(&vm.arena);
    return code;
}

enum bco_code bco_template_render(const struct bco_template *chat, const char *messages, size_t length,
                                  const char *more, size_t more_length, const struct bco_template_options *options,
                                  char **text, size_t *text_length, struct bco_error *err) {
    struct plain plain = begin_plain();
    enum bco_code code = render(chat, messages, length, more, more_length, options, text, text_length, err);
    end_plain(&plain);
    return code;
}

enum bco_code bco_template_split(const struct bco_template *chat, const char *prompt, size_t prompt_size,
                                 const char *completion, size_t completion_size,
                                 const struct bco_template_options *options, char **text, size_t *text_length,
                                 size_t *prompt_length, bool *parted, struct bco_error *err) {
    struct bco_template_options both = options ? *options : (struct bco_template_options){0}, first = both;
    char *before = NULL;
    size_t length = 0, common = 0;
    first.add_generation_prompt = true;
    both.add_generation_prompt = false;
    *text = NULL;
    enum bco_code code = bco_template_render(chat, prompt, prompt_size, NULL, 0, &first, &before, &length, err);
    if (!code)
        code =
            bco_template_render(chat, prompt, prompt_size, completion, completion_size, &both, text, text_length, err);
    if (!code) {
        while (common < length && common < *text_length && before[common] == (*text)[common]) common++;
        *parted = common < length;
        while (common > 0 && ((unsigned char)(*text)[common] & 0xC0) == 0x80) common--;
        *prompt_length = common;
    }
    free(before);
    return code;
}

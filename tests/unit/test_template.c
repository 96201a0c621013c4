/* Chat templates: against what transformers renders, and what must not run on. */
#include <bco/bco.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include <cmocka.h>

#define MAX_PATH 512
enum { MAX_VARIABLES = 8 };

static const char *shared(void) {
    const char *folder = getenv("BCO_SHARED");
    return folder ? folder : "../shared";
}

/* Variables of a golden line: its two tokens and its kwargs. The JSON texts are to be freed. */
static size_t collect_variables(yyjson_val *line, struct bco_template_variable *variables, char **texts) {
    static const char *const tokens[] = {"bos_token", "eos_token"};
    size_t count = 0, i, n;
    for (size_t k = 0; k < 2; k++) {
        yyjson_val *token = yyjson_obj_get(line, tokens[k]);
        if (!token || yyjson_is_null(token)) continue;
        texts[count] = yyjson_val_write(token, 0, NULL);
        variables[count] = (struct bco_template_variable){tokens[k], texts[count]};
        count++;
    }
    yyjson_val *key, *value;
    yyjson_obj_foreach(yyjson_obj_get(line, "kwargs"), i, n, key, value) {
        assert_true(count < MAX_VARIABLES);
        texts[count] = yyjson_val_write(value, 0, NULL);
        variables[count] = (struct bco_template_variable){yyjson_get_str(key), texts[count]};
        count++;
    }
    return count;
}

static struct tm time_of(yyjson_val *line) {
    struct tm now = {.tm_isdst = -1};
    assert_int_equal(sscanf(yyjson_get_str(yyjson_obj_get(line, "now")), "%4d-%2d-%2dT%2d:%2d:%2d", &now.tm_year,
                            &now.tm_mon, &now.tm_mday, &now.tm_hour, &now.tm_min, &now.tm_sec),
                     6);
    now.tm_year -= 1900;
    now.tm_mon -= 1;
    mktime(&now);
    return now;
}

static bool same_text(yyjson_val *want, const char *text, size_t length) {
    return yyjson_get_len(want) == length && !memcmp(yyjson_get_str(want), text, length);
}

/* Where rendering fails there, it fails here; the template's own words are passed on. */
static bool same_failure(yyjson_val *line, enum bco_code code, const struct bco_error *err) {
    if (code != BCO_EDATA) return false;
    const char *words = yyjson_get_str(yyjson_obj_get(line, "error"));
    return strcmp(yyjson_get_str(yyjson_obj_get(line, "error_type")), "raise_exception") != 0 ||
           !strcmp(err->message, words);
}

static bool check_rendered(const struct bco_template *chat, yyjson_val *line, struct bco_template_options *options) {
    size_t size, length;
    char *messages = yyjson_val_write(yyjson_obj_get(line, "messages"), 0, &size), *text;
    struct bco_error err;
    options->add_generation_prompt = yyjson_get_bool(yyjson_obj_get(line, "add_generation_prompt"));
    enum bco_code code = bco_template_render(chat, messages, size, NULL, 0, options, &text, &length, &err);
    bool same = yyjson_obj_get(line, "error") ? same_failure(line, code, &err)
                                              : !code && same_text(yyjson_obj_get(line, "rendered"), text, length);
    free(text);
    free(messages);
    return same;
}

static bool check_split(const struct bco_template *chat, yyjson_val *line, struct bco_template_options *options) {
    size_t prompt_size, completion_size, length, cut;
    char *prompt = yyjson_val_write(yyjson_obj_get(line, "prompt"), 0, &prompt_size), *text;
    char *completion = yyjson_val_write(yyjson_obj_get(line, "completion"), 0, &completion_size);
    struct bco_error err;
    bool parted = false;
    enum bco_code code = bco_template_split(chat, prompt, prompt_size, completion, completion_size, options, &text,
                                            &length, &cut, &parted, &err);
    bool same = yyjson_obj_get(line, "error")
                    ? same_failure(line, code, &err)
                    : !code && same_text(yyjson_obj_get(line, "common_prompt_text"), text, cut) &&
                          same_text(yyjson_obj_get(line, "common_completion_text"), text + cut, length - cut) &&
                          parted != yyjson_get_bool(yyjson_obj_get(line, "is_prefix"));
    free(text);
    free(prompt);
    free(completion);
    return same;
}

static bool check_line(const struct bco_template *chat, yyjson_val *line) {
    struct bco_template_variable variables[MAX_VARIABLES];
    char *texts[MAX_VARIABLES];
    struct tm now = time_of(line);
    struct bco_template_options options = {.variables = variables, .now = &now};
    options.variable_count = collect_variables(line, variables, texts);
    bool same =
        yyjson_obj_get(line, "messages") ? check_rendered(chat, line, &options) : check_split(chat, line, &options);
    for (size_t i = 0; i < options.variable_count; i++) free(texts[i]);
    return same;
}

static void check_file(const struct bco_template *chat, const char *name, const char *suffix) {
    char path[MAX_PATH], *text = NULL;
    size_t capacity = 0, number = 0, wrong = 0;
    snprintf(path, sizeof path, "%s/golden/chat_templates/%s%s", shared(), name, suffix);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    for (ssize_t length; (length = getline(&text, &capacity, in)) > 0;) {
        yyjson_doc *doc = yyjson_read(text, (size_t)length, 0);
        assert_non_null(doc);
        number++;
        if (!check_line(chat, yyjson_doc_get_root(doc)) && ++wrong <= 5)
            print_error("%s:%zu: not what transformers renders\n", path, number);
        yyjson_doc_free(doc);
    }
    free(text);
    fclose(in);
    assert_true(number > 0);
    assert_int_equal(wrong, 0);
}

static void test_golden(void **state) {
    (void)state;
    static const char *const names[] = {"HuggingFaceTB-SmolLM3-3B",
                                        "Qwen-Qwen2.5-7B-Instruct",
                                        "Qwen-Qwen3-0.6B",
                                        "google-gemma-2-2b-it",
                                        "meta-llama-Llama-3.2-3B-Instruct",
                                        "microsoft-Phi-3.5-mini-instruct",
                                        "mistralai-Mistral-Nemo-Instruct-2407"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[MAX_PATH];
        snprintf(path, sizeof path, "%s/chat_templates/%s.jinja", shared(), names[i]);
        if (access(path, R_OK)) {
            print_message("SKIP: %s is not there\n", path);
            skip();
        }
        struct bco_template *chat = NULL;
        struct bco_error err = {0};
        if (bco_template_open(&chat, NULL, path, &err)) fail_msg("%s: %s", err.file, err.message);
        check_file(chat, names[i], ".jsonl");
        check_file(chat, names[i], ".split.jsonl");
        bco_template_close(chat);
    }
}

/* ---- snippets ------------------------------------------------------------------------------ */

static const char messages[] =
    "[{\"role\":\"user\",\"content\":\" Hi 'x'\\n\",\"n\":3},"
    "{\"role\":\"tool\",\"content\":null,\"a\":{\"z\":[1,2.5,true,null,\"\xC3\xA9\"],\"e\":{}}}]";

static enum bco_code render(const char *source, char **text, struct bco_error *err) {
    char path[] = "/tmp/bco-test-template-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, source, strlen(source)), strlen(source));
    close(fd);
    struct bco_template *chat = NULL;
    size_t length;
    *text = NULL;
    *err = (struct bco_error){0};
    enum bco_code code = bco_template_open(&chat, NULL, path, err);
    if (!code) code = bco_template_render(chat, messages, strlen(messages), NULL, 0, NULL, text, &length, err);
    bco_template_close(chat);
    unlink(path);
    return code;
}

/* What Jinja2 3.1 gave for each. */
static const char *const snippets[][2] = {
    {"{{ 7//2 }} {{ -7//2 }} {{ 7%-3 }} {{ 7/2 }} {{ 2**10 }} {{ 1e16 }} {{ 0.1+0.2 }}",
     "3 -4 -2 3.5 1024 1e+16 0.30000000000000004"},
    {"{{ [1,'a\"',\"it's\",none,true,(1,),{'k':1.0}] }}", "[1, 'a\"', \"it's\", None, True, (1,), {'k': 1.0}]"},
    {"{{ messages[0].content|trim }}|{{ messages[0].content[::-1] }}", "Hi 'x'|\n'x' iH "},
    {"{{ messages[1].a|tojson }}", "{\"z\": [1, 2.5, true, null, \"\xC3\xA9\"], \"e\": {}}"},
    {"{{ messages[1].a.z|tojson(indent=1, ensure_ascii=true) }}", "[\n 1,\n 2.5,\n true,\n null,\n \"\\u00e9\"\n]"},
    {"{% for m in messages if m.n is defined %}{{ loop.index }}{{ loop.last }}{% endfor %}", "1True"},
    {"{% set x = 1 %}{% for i in [1,2] %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "221"},
    {"{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3"},
    {"{% macro f(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ f(1) }}{{ f(1, b=3) }}", "[12][13]"},
    {"{% for i in range(9) %}{% if i == 1 %}{% continue %}{% elif i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
     "02"},
    {"{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}{% filter upper %}b{% endfilter %}", "A1B"},
    {"  {% if true %}\n  a\n  {%- endif %}\n  {# c #}\n b\n", "  a b"},
    {"{% raw %}{{ x }}{% endraw %}{{ '{{' }}{{ {'a':{'b':1}}}}", "{{ x }}{{{'a': {'b': 1}}"},
    {"{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'abc'.startswith(('x','ab')) }}",
     "['a', 'b', '', 'c']['a', 'b']True"},
    {"{{ ['b','A','a']|sort|join(',') }} {{ [3,1]|max }} {{ {'b':1,'a':2}|dictsort }}", "A,a,b 3 [('a', 2), ('b', 1)]"},
    {"{{ messages|selectattr('role','equalto','tool')|map(attribute='role')|list }}", "['tool']"},
    {"{{ nope }}{{ nope|default('d') }}{{ messages[9] }}{{ 'x' if false }}{{ nope is undefined }}", "dTrue"},
    {"{{ 1 if nope else 2 }}{{ not nope }}{{ 'x' in nope }}{{ 1 < 2 < 3 }}", "2TrueFalseTrue"},
    {"{{ \"a\\n\\x41\\u00e9\\q\" }}", "a\nA\xC3\xA9\\q"},
    {"x{#} c #}y{#-#} z{#--#} {#+-#} !", "xy z!"},
    {"{{ 'aXbXc'.rfind('X') }}{{ 'abc'.rfind('d') }}{{ 'abc'.find('') }}{{ 'X' in 'aXb' }}{{ '' in '' }}",
     "3-10TrueTrue"},
    {"{% set d = dict() %}{{ {1:'a', 1.0:'b', true:'c', '1':'d', (1,2):'e'} }}", "{1: 'c', '1': 'd', (1, 2): 'e'}"},
    {"{% generation %}x{% endgeneration %}{% with a=1 %}{{ a }}{% endwith %}{{ a }}", "x1"},
};

static void test_snippets(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof snippets / sizeof *snippets; i++) {
        char *text;
        struct bco_error err;
        if (render(snippets[i][0], &text, &err)) fail_msg("%s: %s", snippets[i][0], err.message);
        assert_string_equal(text, snippets[i][1]);
        free(text);
    }
}

#define NOTS "not not not not not not not not not not not not not not not not not not not not "

static const char *const refused[][2] = {
    {"{{ raise_exception('No: system role') }}", "No: system role"},
    {"a\n{{ 'x' + none }}", "template line 2: can only concatenate str (not \"NoneType\") to str"},
    {"{{ nope.x }}", "template line 1: 'nope' is undefined"},
    {"{{ messages[1].nope.x }}", "template line 1: 'dict object' has no attribute 'nope'"},
    {"{{ 'x' in none }}", "template line 1: argument of type 'NoneType' is not iterable"},
    {"{{ none|length }}", "template line 1: object of type 'NoneType' has no len()"},
    {"{{ messages.append(1) }}",
     "template line 1: access to attribute 'append' of 'list' object is unsafe: it cannot be changed"},
    {"{{ 1|nosuch }}", "template line 1: filter 'nosuch' is not supported"},
    {"{{ 1 is nosuch }}", "template line 1: test 'nosuch' is not supported"},
    {"\n{% include 'x' %}", "template line 2: 'include' is not supported"},
    {"\n\n{% nosuch %}", "unknown tag 'nosuch'"},
    {"{% if true %}", "the template ends where 'endif' should be"},
    {"{{ 1 +", "a tag has no end"},
    {"{{ 9999999999 * 9999999999 }}", "template line 1: a whole number is too large"},
    {"{{ 1/0 }}", "template line 1: division by zero"},
    {"{% for i in range(99999) %}{% if " NOTS NOTS NOTS NOTS NOTS NOTS "1 %}{% endif %}{% endfor %}",
     "template line 1: more than 10000000 steps"},
    {"{{ 'a' * 999999999 }}", "template line 1: out of memory: more than 256 MiB, or values nested too deeply"},
    {"{% set ns = namespace(s='a') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
     "template line 1: out of memory: more than 256 MiB, or values nested too deeply"},
    {"{% set ns = namespace(s=[]) %}{% for i in range(5000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
     "template line 1: out of memory: more than 256 MiB, or values nested too deeply"},
    {"{% set ns = namespace(s=['a']) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
     "template line 1: out of memory: more than 256 MiB, or values nested too deeply"},
    {"{{ ('a' * 9999999).join('b' * 99) }}",
     "template line 1: out of memory: more than 256 MiB, or values nested too deeply"},
    {"{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}", "template line 1: macros are nested too deeply"},
    {"{% for i in [] %}{% else %}{% break %}{% endfor %}", "'break' outside of a loop"},
    {"{% for i in [1] %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}", "'continue' outside of a loop"},
};

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char *text;
        struct bco_error err;
        assert_int_equal(render(refused[i][0], &text, &err), BCO_EDATA);
        assert_string_equal(err.message, refused[i][1]);
        assert_null(text);
    }
}

static void test_deep_source(void **state) {
    (void)state;
    char source[20001], *text;
    struct bco_error err;
    memset(source, '-', 20000);
    source[20000] = '\0';
    memcpy(source, "{{ ", 3);
    memcpy(source + 19996, "1 }}", 4);
    assert_int_equal(render(source, &text, &err), BCO_EDATA);
    assert_string_equal(err.message, "an expression is nested too deeply");
    memcpy(source, "{{ a", 4);
    for (size_t i = 4; i + 4 < 20000; i += 2) memcpy(source + i, ".b", 2);
    memcpy(source + 19996, " }}", 4);
    assert_int_equal(render(source, &text, &err), BCO_EDATA);
    assert_string_equal(err.message, "template line 1: nested too deeply");
}

/* A message of very many keys takes time in proportion; all of them are found. */
static void test_many_keys(void **state) {
    (void)state;
    enum { KEYS = 200000 };
    static const char source[] = "{{ messages[0].k0 }} {{ messages[0].k199999 }} {{ messages[0]|length }}";
    char *text, *json = malloc(20 * KEYS), path[] = "/tmp/bco-test-template-XXXXXX";
    struct bco_template *chat = NULL;
    size_t at = 0, length;
    assert_non_null(json);
    for (int i = 0; i < KEYS; i++) at += (size_t)sprintf(json + at, "%s\"k%d\":%d", i ? "," : "[{", i, i);
    memcpy(json + at, "}]", 3);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, source, sizeof source - 1), sizeof source - 1);
    close(fd);
    assert_int_equal(bco_template_open(&chat, NULL, path, NULL), BCO_OK);
    assert_int_equal(bco_template_render(chat, json, at + 2, NULL, 0, NULL, &text, &length, NULL), BCO_OK);
    assert_string_equal(text, "0 199999 200000");
    free(text);
    memset(json, '[', 100000); /* nested without end */
    memset(json + 100000, ']', 100000);
    assert_int_not_equal(bco_template_render(chat, json, 200000, NULL, 0, NULL, &text, &length, NULL), BCO_OK);
    bco_template_close(chat);
    unlink(path);
    free(json);
}

/* A program's locale has no say: neither in numbers nor in names. */
static void test_locale(void **state) {
    (void)state;
    char *text;
    struct bco_error err;
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        print_message("SKIP: there is no locale de_DE.UTF-8\n");
        skip();
    }
    enum bco_code code = render("{{ 1.5 }} {{ '2.5'|float }} {{ 0.1 + 0.2 }}", &text, &err);
    assert_string_equal(localeconv()->decimal_point, ",");
    setlocale(LC_ALL, "C");
    assert_int_equal(code, BCO_OK);
    assert_string_equal(text, "1.5 2.5 0.30000000000000004");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),      cmocka_unit_test(test_snippets),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_deep_source), cmocka_unit_test(test_many_keys), cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

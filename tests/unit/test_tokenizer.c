/* Tokenizers against what the reference makes of hard texts, and what must be refused. */
#include <bco/bco.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include <cmocka.h>

#define MAX_PATH 512

static const char *shared(void) {
    const char *folder = getenv("BCO_SHARED");
    return folder ? folder : "../shared";
}

static bool same_ids(yyjson_val *list, const struct bco_ids *ids) {
    if (yyjson_arr_size(list) != ids->count) return false;
    size_t i, count;
    yyjson_val *id;
    yyjson_arr_foreach(list, i, count, id) {
        if (yyjson_get_int(id) != ids->ids[i]) return false;
    }
    return true;
}

static bool same_encoding(const struct bco_tokenizer *t, yyjson_val *line, const char *key, unsigned flags) {
    yyjson_val *text = yyjson_obj_get(line, "text"), *want = yyjson_obj_get(line, key);
    if (!text || !want) return true;
    struct bco_ids ids = {0};
    struct bco_error err;
    bool same =
        !bco_tokenizer_encode(t, yyjson_get_str(text), yyjson_get_len(text), flags, &ids, &err) && same_ids(want, &ids);
    bco_ids_free(&ids);
    return same;
}

static bool same_decoding(const struct bco_tokenizer *t, yyjson_val *line, const char *key, unsigned flags) {
    yyjson_val *list = yyjson_obj_get(line, "ids_special"), *want = yyjson_obj_get(line, key);
    size_t count = yyjson_arr_size(list), i, n, length;
    int32_t *ids = calloc(count + 1, sizeof *ids);
    assert_non_null(ids);
    yyjson_val *id;
    yyjson_arr_foreach(list, i, n, id) ids[i] = yyjson_get_int(id);
    char *text;
    struct bco_error err;
    assert_int_equal(bco_tokenizer_decode(t, ids, count, flags, &text, &length, &err), BCO_OK);
    bool same = yyjson_get_len(want) == length && !memcmp(yyjson_get_str(want), text, length);
    free(text);
    free(ids);
    return same;
}

/* Lines whose answer depends on the Unicode version of the libraries are counted apart. */
static bool depends_on_unicode(yyjson_val *line) {
    const char *group = yyjson_get_str(yyjson_obj_get(line, "group"));
    return group && (!strcmp(group, "unicode-newer") || !strcmp(group, "nfc-newer"));
}

static bool check_line(const struct bco_tokenizer *t, yyjson_val *line) {
    return same_encoding(t, line, "ids", 0) && same_encoding(t, line, "ids_special", BCO_ENCODE_SPECIAL) &&
           same_decoding(t, line, "decoded", 0) && same_decoding(t, line, "decoded_skip", BCO_DECODE_SKIP_SPECIAL);
}

static void check_file(const struct bco_tokenizer *t, const char *path, size_t newer_at_most) {
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *text = NULL;
    size_t capacity = 0, number = 0, wrong = 0, newer_wrong = 0;
    for (ssize_t length; (length = getline(&text, &capacity, in)) > 0;) {
        yyjson_doc *doc = yyjson_read(text, (size_t)length, 0);
        assert_non_null(doc);
        yyjson_val *line = yyjson_doc_get_root(doc);
        number++;
        if (!check_line(t, line)) {
            bool newer = depends_on_unicode(line);
            if (newer)
                newer_wrong++;
            else if (++wrong <= 5)
                print_error("%s:%zu: not what the reference gives\n", path, number);
        }
        yyjson_doc_free(doc);
    }
    free(text);
    fclose(in);
    print_message("%s: %zu lines, %zu wrong, %zu more that need a newer Unicode\n", path, number, wrong, newer_wrong);
    assert_int_equal(wrong, 0);
    assert_true(number > 0 && newer_wrong <= newer_at_most);
}

static void check_folder(const char *dir, const char *golden, size_t newer_at_most) {
    struct bco_tokenizer *t = NULL;
    struct bco_error err = {0};
    if (bco_tokenizer_open(&t, dir, &err)) fail_msg("%s: %s", err.file, err.message);
    check_file(t, golden, newer_at_most);
    bco_tokenizer_close(t);
}

static void need(const char *path) {
    if (!access(path, R_OK)) return;
    print_message("SKIP: %s is not there\n", path);
    skip();
}

/* `folder` is under shared/; `golden` the name in shared/golden/tokenizers. */
static void check_model(const char *folder, const char *golden, size_t newer_at_most) {
    char dir[MAX_PATH], path[MAX_PATH];
    snprintf(dir, sizeof dir, "%s/%s", shared(), folder);
    snprintf(path, sizeof path, "%s/golden/tokenizers/%s.jsonl", shared(), golden);
    need(dir);
    need(path);
    check_folder(dir, path, newer_at_most);
}

/* NAME.tokenizer.json, seen through a folder that holds it under its usual name. */
static void check_mini(const char *name, size_t newer_at_most) {
    char here[MAX_PATH], file[2 * MAX_PATH], link[MAX_PATH], path[MAX_PATH], dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    snprintf(path, sizeof path, "%s/golden/tokenizers/%s.jsonl", shared(), name);
    need(path);
    bool relative = shared()[0] != '/';
    assert_non_null(getcwd(here, sizeof here));
    snprintf(file, sizeof file, "%s%s%s/golden/tokenizers/%s.tokenizer.json", relative ? here : "", relative ? "/" : "",
             shared(), name);
    assert_non_null(mkdtemp(dir));
    snprintf(link, sizeof link, "%s/tokenizer.json", dir);
    assert_int_equal(symlink(file, link), 0);
    check_folder(dir, path, newer_at_most);
    unlink(link);
    rmdir(dir);
}

static void test_tinystories(void **state) {
    (void)state;
    check_model("models/tinystories-656k", "tinystories-656k", 0);
}

static void test_stories260k(void **state) {
    (void)state;
    check_model("models/stories260K", "stories260K", 0);
}

static void test_gpt2(void **state) {
    (void)state;
    check_model("tokenizers/gpt2", "gpt2", 0);
}

static void test_qwen2(void **state) {
    (void)state;
    check_model("tokenizers/qwen2", "qwen2", 3);
}

static void test_llama2_mini(void **state) {
    (void)state;
    check_mini("llama2-mini", 0);
}

static void test_smollm2_mini(void **state) {
    (void)state;
    check_mini("smollm2-mini", 0);
}

/* ---- a step of each kind ------------------------------------------------------------------- */

static const char kinds_model[] = "{\"type\":\"BPE\",\"unk_token\":\"<unk>\",\"vocab\":{\"<unk>\":0,\"a\":1,\"b\":2,"
                                  "\"c\":3,\"A\":4,\"é\":5,\"e\":6,\"\xCC\x81"
                                  "\":7,\" "
                                  "\":8,\"▁\":9,\"1\":10,\"2\":11,\".\":12,\"X\":13,\"f\":14,\"i\":15,\"ﬁ\":16,\"\\n\":"
                                  "17,\"ab\":18,\"▁a\":19,\"aa\":20,\"11\":21,\"▁▁\":22,\"a "
                                  "\":23,\"<m>\":24},\"merges\":[[\"a\",\"b\"],[\"▁\",\"a\"],[\"a\",\"a\"],[\"1\","
                                  "\"1\"],[\"▁\",\"▁\"],[\"a\",\" \"]]}";

static const char *const kinds[][4] = {
    /* normalizer, pre-tokenizer, text, the reference's ids */
    {"{\"type\":\"NFC\"}", "null", "e\xCC\x81", "5"},
    {"{\"type\":\"NFD\"}", "null", "é", "6 7"},
    {"{\"type\":\"NFKC\"}", "null", "ﬁ", "14 15"},
    {"{\"type\":\"Lowercase\"}", "null", "AB", "18"},
    {"{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", "null", " a b \n", "23 2"},
    {"{\"type\":\"Prepend\",\"prepend\":\"▁\"}", "null", "a", "19"},
    {"{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"▁\"}", "null", "a  b c", "1 9 2 8 3"},
    {"null", "{\"type\":\"Digits\",\"individual_digits\":true}", "a11b", "1 10 10 2"},
    {"null", "{\"type\":\"Digits\",\"individual_digits\":false}", "a11b", "1 21 2"},
    {"null", "{\"type\":\"Whitespace\"}", "a b. c", "1 2 12 3"},
    {"null", "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\",\"split\":true}", "a a  b",
     "19 19 9 9 2"},
    {"null", "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"first\",\"split\":true}", "a<m>a",
     "19 24 1"},
    {"null", "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"never\",\"split\":false}", "a a",
     "1 19"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Removed\",\"invert\":false}", "aab a",
     "2 8"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Isolated\",\"invert\":false}", "aab a",
     "1 1 2 8 1"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Contiguous\",\"invert\":false}", "aab a",
     "20 2 8 1"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"MergedWithPrevious\",\"invert\":false}",
     "aaab a", "1 1 1 2 8 1"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"MergedWithNext\",\"invert\":false}",
     "aaab a", "1 1 18 8 1"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Removed\",\"invert\":true}", "aab a",
     "1 1 1"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[^]\\\\s]\"},\"behavior\":\"Removed\",\"invert\":false}",
     "a b", "8"},
    {"null", "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithNext\",\"invert\":false}",
     "a ab", "1 8 18"},
};

static void write_tokenizer(const char *dir, const char *normalizer, const char *pre_tokenizer) {
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out,
            "{\"added_tokens\":[{\"id\":24,\"content\":\"<m>\",\"normalized\":false}],\"normalizer\":%s,"
            "\"pre_tokenizer\":%s,\"model\":%s}",
            normalizer, pre_tokenizer, kinds_model);
    assert_int_equal(fclose(out), 0);
}

static void remove_folder(const char *dir) {
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    unlink(path);
    rmdir(dir);
}

static void test_kinds(void **state) {
    (void)state;
    char dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct bco_tokenizer *t = NULL;
        struct bco_ids ids = {0};
        struct bco_error err = {0};
        char got[256] = "";
        write_tokenizer(dir, kinds[i][0], kinds[i][1]);
        if (bco_tokenizer_open(&t, dir, &err)) fail_msg("%s", err.message);
        assert_int_equal(bco_tokenizer_encode(t, kinds[i][2], strlen(kinds[i][2]), 0, &ids, &err), BCO_OK);
        for (size_t k = 0, at = 0; k < ids.count; k++)
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%d", k ? " " : "", (int)ids.ids[k]);
        assert_string_equal(got, kinds[i][3]);
        bco_ids_free(&ids);
        bco_tokenizer_close(t);
    }
    remove_folder(dir);
}

/* "Sequence" steps `depth` deep around `inner`. */
static const char *nested(const char *list, int depth, const char *inner) {
    static char json[8192];
    size_t at = 0;
    for (int i = 0; i < depth; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "{\"type\":\"Sequence\",\"%s\":[", list);
    at += (size_t)snprintf(json + at, sizeof json - at, "%s", inner);
    for (int i = 0; i < depth; i++) at += (size_t)snprintf(json + at, sizeof json - at, "]}");
    return json;
}

static void check_open(const char *dir, const char *normalizer, const char *pre_tokenizer, const char *message) {
    struct bco_tokenizer *t = NULL;
    struct bco_error err = {0};
    write_tokenizer(dir, normalizer, pre_tokenizer);
    assert_int_equal(bco_tokenizer_open(&t, dir, &err), message ? BCO_EDATA : BCO_OK);
    if (message && !strstr(err.message, message)) fail_msg("got '%s', expected '%s'", err.message, message);
    bco_tokenizer_close(t);
}

static void test_sequences(void **state) {
    (void)state;
    static const char nfc[] = "{\"type\":\"NFC\"}", digits[] = "{\"type\":\"Digits\"}", odd[] = "{\"type\":\"Odd\"}";
    char dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    assert_non_null(mkdtemp(dir));
    check_open(dir, nested("normalizers", 16, nfc), "null", NULL);
    check_open(dir, nested("normalizers", 17, nfc), "null", "'normalizers' are nested too deeply, more than 16 levels");
    check_open(dir, nested("normalizers", 2, odd), "null", "normalizer 'Odd' is not supported");
    check_open(dir, "null", nested("pretokenizers", 16, digits), NULL);
    check_open(dir, "null", nested("pretokenizers", 17, digits),
               "'pretokenizers' are nested too deeply, more than 16 levels");
    check_open(dir, "null", nested("pretokenizers", 2, odd), "pre_tokenizer 'Odd' is not supported");
    remove_folder(dir);
}

/* What only PCRE2 could do with a regular expression: to match parts of characters, and to begin a match behind its
 * end. */
static void test_regex(void **state) {
    (void)state;
    char dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    struct bco_tokenizer *t = NULL;
    struct bco_ids ids = {0};
    struct bco_error err = {0};
    assert_non_null(mkdtemp(dir));
    check_open(dir, "null", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\C\"},\"behavior\":\"Isolated\"}",
               "regular expression: using \\C is disabled");
    write_tokenizer(dir, "null",
                    "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?=(?1))|b(a\\\\K)\"},\"behavior\":\"Isolated\"}");
    assert_int_equal(bco_tokenizer_open(&t, dir, &err), BCO_OK);
    assert_int_equal(bco_tokenizer_encode(t, "ca", 2, 0, &ids, &err), BCO_EDATA);
    assert_string_equal(err.message, "the tokenizer's regular expression matches backwards");
    assert_int_equal(ids.count, 0);
    bco_tokenizer_close(t);
    remove_folder(dir);
}

/* Marks in the wrong order, a long run of them, take time in proportion too. */
static void test_marks(void **state) {
    (void)state;
    char dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    struct bco_tokenizer *t = NULL;
    struct bco_ids ids = {0};
    size_t marks = 1 << 20;
    char *text = malloc(4 * marks + 1);
    assert_non_null(text);
    text[0] = 'e';
    for (size_t i = 0; i < marks; i++) memcpy(text + 1 + 4 * i, "\xCC\x81\xCC\xA3", 4);
    assert_non_null(mkdtemp(dir));
    write_tokenizer(dir, "{\"type\":\"NFD\"}", "null");
    assert_int_equal(bco_tokenizer_open(&t, dir, NULL), BCO_OK);
    assert_int_equal(bco_tokenizer_encode(t, text, 4 * marks + 1, 0, &ids, NULL), BCO_OK);
    assert_int_equal(ids.count, 1 + 2 * marks);
    assert_int_equal(ids.ids[0], 6);
    assert_int_equal(ids.ids[marks], 0); /* U+0323, of a lower class, goes first */
    assert_int_equal(ids.ids[marks + 1], 7);
    bco_tokenizer_close(t);
    bco_ids_free(&ids);
    free(text);
    remove_folder(dir);
}

/* A megabyte of one letter, with merges, takes time in proportion. */
static void test_long(void **state) {
    (void)state;
    char dir[] = "/tmp/bco-test-tokenizer-XXXXXX";
    struct bco_tokenizer *t = NULL;
    struct bco_ids ids = {0};
    size_t length = 1 << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, 'a', length);
    assert_non_null(mkdtemp(dir));
    write_tokenizer(dir, "null", "null");
    assert_int_equal(bco_tokenizer_open(&t, dir, NULL), BCO_OK);
    assert_int_equal(bco_tokenizer_encode(t, text, length, 0, &ids, NULL), BCO_OK);
    assert_int_equal(ids.count, length / 2);
    assert_int_equal(ids.ids[0], 20);
    uint32_t fingerprint = bco_tokenizer_fingerprint(t);
    bco_tokenizer_close(t);
    write_tokenizer(dir, "{\"type\":\"NFC\"}", "null");
    assert_int_equal(bco_tokenizer_open(&t, dir, NULL), BCO_OK);
    assert_int_not_equal(bco_tokenizer_fingerprint(t), fingerprint);
    bco_tokenizer_close(t);
    bco_ids_free(&ids);
    free(text);
    remove_folder(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_sequences),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_regex),       cmocka_unit_test(test_marks),        cmocka_unit_test(test_tinystories),
        cmocka_unit_test(test_stories260k), cmocka_unit_test(test_gpt2),         cmocka_unit_test(test_qwen2),
        cmocka_unit_test(test_llama2_mini), cmocka_unit_test(test_smollm2_mini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

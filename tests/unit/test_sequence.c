/* Sequences: where BOS and EOS stand, and what limits cut. */
#include <bco/bco.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Letters a to e, BOS 0, EOS 1; no pre-tokenizer, no merges. */
static const char tokenizer_json[] =
    "{\"added_tokens\":[{\"id\":0,\"content\":\"<s>\",\"special\":true},{\"id\":1,\"content\":\"</s>\",\"special\":"
    "true}],\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},"
    "{\"Sequence\":{\"id\":\"A\"}}],\"special_tokens\":{\"<s>\":{\"ids\":[0]}}},\"model\":{\"type\":\"BPE\","
    "\"vocab\":{\"<s>\":0,\"</s>\":1,\"a\":2,\"b\":3,\"c\":4,\"d\":5,\"e\":6},\"merges\":[]}}";

static struct bco_tokenizer *tokenizer;
static char folder[] = "/tmp/bco-test-sequence-XXXXXX";

static void write_file(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    write_file("tokenizer.json", tokenizer_json);
    write_file("tokenizer_config.json", "{\"eos_token\": {\"content\": \"</s>\"}}");
    return bco_tokenizer_open(&tokenizer, folder, NULL);
}

static int tear_down(void **state) {
    (void)state;
    char path[256];
    bco_tokenizer_close(tokenizer);
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    unlink(path);
    return rmdir(folder);
}

static struct bco_text text_of(const char *text) {
    return (struct bco_text){.text = text, .length = strlen(text)};
}

/* Writes the sequence as letters, ^ for BOS, $ for EOS and | before the completion. */
static void show(const struct bco_sequence *sequence, char *out) {
    for (size_t i = 0; i < sequence->length; i++) {
        if (i == sequence->prompt_len) *out++ = '|';
        *out++ = "^$abcde"[sequence->ids[i]];
    }
    *out = '\0';
}

struct cut_case {
    const char *prompt, *completion;
    size_t max_length, max_prompt;
    bool bos, eos;
    const char *expected;
    uint64_t prompts, completions;
};

static const struct cut_case cut_cases[] = {
    {"ab", "cd", 0, 0, true, true, "^ab|cd$", 0, 0},
    {"ab", "cd", 6, 0, true, true, "^ab|cd$", 0, 0},
    {"ab", "cd", 5, 1, true, true, "^b|cd$", 1, 0},
    {"ab", "cd", 5, 2, true, true, "^ab|cd", 0, 1},
    {"ab", "cd", 4, 1, true, true, "^b|cd", 1, 1},
    {"abc", "de", 3, 9, true, true, "^c|d", 1, 1},
    {"abc", "de", 2, 9, true, true, "^|d", 1, 1},
    {"abc", "de", 2, 0, false, true, "c|d", 1, 1},
    {"abc", "de", 2, 9, false, false, "c|d", 1, 1},
    {"abcde", "ab", 5, 1, false, false, "cde|ab", 1, 0},
    {"", "ab", 2, 1, true, true, "^|a", 0, 1},
    {"ab", "", 3, 9, true, true, "^b|$", 1, 0},
    {"a", "bcdeabcde", 4, 3, false, true, "a|bcd", 0, 1},
};

static void test_cuts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cut_cases / sizeof *cut_cases; i++) {
        const struct cut_case *c = &cut_cases[i];
        struct bco_limits limits = {
            .max_length = c->max_length, .max_prompt = c->max_prompt, .bos = c->bos, .eos = c->eos};
        struct bco_text prompt = text_of(c->prompt), completion = text_of(c->completion);
        struct bco_sequence sequence;
        struct bco_cuts cuts = {0};
        bool dropped;
        char got[64];
        assert_int_equal(
            bco_sequence_of_text(tokenizer, &limits, &prompt, &completion, &sequence, &dropped, &cuts, NULL), BCO_OK);
        show(&sequence, got);
        assert_string_equal(got, c->expected);
        assert_false(dropped);
        assert_int_equal(cuts.prompts, c->prompts);
        assert_int_equal(cuts.completions, c->completions);
        bco_sequence_free(&sequence);
    }
}

static void test_overlong(void **state) {
    (void)state;
    struct bco_limits limits = {
        .max_length = 4, .max_prompt = 2, .overlong = BCO_OVERLONG_DROP, .bos = true, .eos = true};
    struct bco_text prompt = text_of("ab"), completion = text_of("c");
    struct bco_sequence sequence;
    struct bco_cuts cuts = {0};
    struct bco_error err;
    bool dropped;
    assert_int_equal(bco_sequence_of_text(tokenizer, &limits, &prompt, &completion, &sequence, &dropped, &cuts, &err),
                     BCO_OK);
    assert_true(dropped && !sequence.ids && cuts.dropped == 1);
    limits.overlong = BCO_OVERLONG_ERROR;
    assert_int_equal(bco_sequence_of_text(tokenizer, &limits, &prompt, &completion, &sequence, &dropped, &cuts, &err),
                     BCO_EDATA);
    assert_string_equal(err.message, "prompt and completion are 5 tokens, the limit is 4");
}

static void test_nothing(void **state) {
    (void)state;
    struct bco_limits limits = {.eos = true};
    struct bco_text empty = text_of(""), text = text_of("a");
    struct bco_sequence sequence;
    struct bco_error err;
    bool dropped;
    assert_int_equal(bco_sequence_of_text(tokenizer, &limits, &empty, &text, &sequence, &dropped, NULL, &err),
                     BCO_EDATA);
    assert_string_equal(err.message, "prompt has no tokens");
    assert_string_equal(err.field, "prompt");
    limits.eos = false;
    assert_int_equal(bco_sequence_of_text(tokenizer, &limits, &text, &empty, &sequence, &dropped, NULL, &err),
                     BCO_EDATA);
    assert_string_equal(err.message, "completion has no tokens");
}

static void test_ids(void **state) {
    (void)state;
    struct bco_limits limits = {.ids = true, .bos = true, .eos = true, .max_length = 3, .max_prompt = 1};
    const int32_t prompt[] = {5, 4}, completion[] = {3, 2};
    struct bco_sequence sequence;
    struct bco_cuts cuts = {0};
    struct bco_error err;
    bool dropped;
    char got[16];
    assert_int_equal(bco_sequence_of_ids(&limits, 7, prompt, 2, completion, 2, &sequence, &dropped, &cuts, &err),
                     BCO_OK);
    show(&sequence, got);
    assert_string_equal(got, "c|ba");
    bco_sequence_free(&sequence);
    assert_int_equal(bco_sequence_of_ids(&limits, 5, prompt, 2, completion, 2, &sequence, &dropped, &cuts, &err),
                     BCO_EDATA);
    assert_string_equal(err.message, "id 5 is outside the vocabulary of 5");
    assert_string_equal(err.field, "prompt_ids");
}

static void test_check(void **state) {
    (void)state;
    struct bco_limits limits = {.max_length = 600, .eos = true};
    struct bco_error err;
    assert_int_equal(bco_limits_check(&limits, tokenizer, 512, &err), BCO_EUSAGE);
    assert_string_equal(err.message, "--max-length 600: the model has 512 positions");
    assert_int_equal(bco_limits_check(&limits, tokenizer, 600, &err), BCO_OK);
    limits.max_length = 1;
    assert_int_equal(bco_limits_check(&limits, NULL, 0, &err), BCO_EUSAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts), cmocka_unit_test(test_overlong), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_ids),  cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

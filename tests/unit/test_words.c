#include "data/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const meanings[] = {"up", "down", "drop", NULL};

static int meaning(const struct bco_words *words, const char *text) {
    int word = -2;
    struct bco_regex_match *match = bco_regex_match_new();
    assert_non_null(match);
    assert_int_equal(bco_words_find(words, match, text, strlen(text), &word, NULL), BCO_OK);
    bco_regex_match_free(match);
    return word < 0 ? word : bco_words_meaning(words, word);
}

static void words_without_case_and_blanks(void **state) {
    (void)state;
    struct bco_words *words = NULL;
    struct bco_error err;
    assert_int_equal(bco_words_parse(&words, "--map",
                                     "Bad=down,Could be Improved=drop,a=b=up, Über =up,+1=up,[.*]=down", meanings,
                                     &err),
                     BCO_OK);
    assert_int_equal(meaning(words, "bad"), 1);
    assert_int_equal(meaning(words, " BAD\n"), 1);
    assert_int_equal(meaning(words, "could be improved"), 2);
    assert_int_equal(meaning(words, "A=B"), 0);
    assert_int_equal(meaning(words, "üBER"), 0);
    assert_int_equal(meaning(words, "+1"), 0);
    assert_int_equal(meaning(words, "[.*]"), 1);
    assert_int_equal(meaning(words, "bad bad"), -1);
    assert_int_equal(meaning(words, "ba"), -1);
    assert_int_equal(meaning(words, "1"), -1);
    assert_int_equal(meaning(words, ""), -1);
    assert_string_equal(bco_words_list(words), "Bad, Could be Improved, a=b, Über, +1, [.*]");
    assert_int_equal(bco_words_find_number(words, 1), 4);
    assert_int_equal(bco_words_find_number(words, 2), -1);
    bco_words_free(words);
}

static void bad_maps(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "--map: got '', expected WORD=up|down|drop"},
        {"Bad", "--map: got 'Bad', expected WORD=up|down|drop"},
        {"Bad=worse", "--map: got 'Bad=worse', expected WORD=up|down|drop"},
        {"=up", "--map: got '=up', expected WORD=up|down|drop"},
        {"Bad=up,", "--map: got '', expected WORD=up|down|drop"},
        {"Bad=up,BAD=down", "--map: 'BAD' is both up and down"},
        {"\xff=up", "--map: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bco_words *words = NULL;
        struct bco_error err;
        assert_int_equal(bco_words_parse(&words, "--map", cases[i][0], meanings, &err), BCO_EUSAGE);
        assert_string_equal(err.message, cases[i][1]);
        assert_null(words);
    }
}

static void a_regex_that_explodes_is_stopped(void **state) {
    (void)state;
    struct bco_regex *regex = NULL;
    struct bco_regex_match *match = bco_regex_match_new();
    struct bco_error err;
    bool found;
    char text[64];
    memset(text, 'a', sizeof text);
    assert_int_equal(bco_regex_new(&regex, "--keep", "^(a+)+$", 7, false, &err), BCO_OK);
    text[sizeof text - 1] = 'b';
    assert_int_equal(bco_regex_find(regex, match, text, sizeof text, &found, &err), BCO_EDATA);
    assert_string_equal(err.message, "the regular expression gave up: match limit exceeded");
    bco_regex_free(regex);
    bco_regex_match_free(match);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_without_case_and_blanks),
        cmocka_unit_test(bad_maps),
        cmocka_unit_test(a_regex_that_explodes_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

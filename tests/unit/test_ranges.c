#include "data/ranges.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void numbers_that_are_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"5", 5},
                 {"-2", -2},
                 {"+3", 3},
                 {" 4 ", 4},
                 {"\t4\n", 4},
                 {"4.50", 4.5},
                 {".5", 0.5},
                 {"5.", 5},
                 {"007", 7},
                 {"-0", 0},
                 {"1e2", 100},
                 {"1E-2", 0.01},
                 {"0.1", 0.1},
                 {"00.5", 0.5},
                 {"+.25e+1", 2.5},
                 {"1e400", INFINITY},
                 {"-1e400", -INFINITY},
                 {"0e5", 0},
                 {"4.6666666667", 4.6666666667}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double x = 99;
        assert_true(bco_number_parse(cases[i].text, strlen(cases[i].text), &x));
        assert_true(x == cases[i].value);
    }
}

static void texts_that_are_none(void **state) {
    (void)state;
    static const char *const cases[] = {"",  " ", "nan", "NaN", "inf", "Infinity", "0x10", "1,5", "1 2",  "-",
                                        "+", ".", "e5",  "1e",  "1e+", "--1",      "+-1",  "5/5", "five", "1.2.3"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double x;
        assert_false(bco_number_parse(cases[i], strlen(cases[i]), &x));
    }
    char digits[2000];
    double x;
    memset(digits, '1', sizeof digits);
    assert_false(bco_number_parse(digits, sizeof digits, &x));
    assert_false(bco_number_parse("5\0", 2, &x));
}

static void ranges_with_signs_and_fractions(void **state) {
    (void)state;
    struct bco_ranges ranges = {0};
    struct bco_error err;
    assert_int_equal(bco_ranges_parse(&ranges, "--up", "-2--1,0.5,3-4.5,-1.5-0", &err), BCO_OK);
    assert_int_equal(ranges.count, 4);
    const double inside[] = {-2, -1.5, -1, -0.5, 0, 0.5, 3, 3.7, 4.5}, outside[] = {-2.1, 0.1, 0.6, 2.9, 4.6};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) assert_true(bco_ranges_hold(&ranges, inside[i]));
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) assert_false(bco_ranges_hold(&ranges, outside[i]));
    bco_ranges_free(&ranges);
}

static void bad_ranges(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "--up: '' is no range, expected a number or LOW-HIGH"},
        {"a-b", "--up: 'a-b' is no range, expected a number or LOW-HIGH"},
        {"1-2-3", "--up: '1-2-3' is no range, expected a number or LOW-HIGH"},
        {"4,", "--up: '' is no range, expected a number or LOW-HIGH"},
        {"5-4", "--up: '5-4' runs backwards, expected LOW-HIGH"},
        {"-1--2", "--up: '-1--2' runs backwards, expected LOW-HIGH"},
        {"1e999", "--up: '1e999' is no range, expected a number or LOW-HIGH"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bco_ranges ranges = {0};
        struct bco_error err;
        assert_int_equal(bco_ranges_parse(&ranges, "--up", cases[i][0], &err), BCO_EUSAGE);
        assert_string_equal(err.message, cases[i][1]);
        bco_ranges_free(&ranges);
    }
}

static void ranges_that_touch_meet(void **state) {
    (void)state;
    struct bco_ranges a = {0}, b = {0};
    double common = 0;
    assert_int_equal(bco_ranges_parse(&a, "a", "1-2,4", NULL), BCO_OK);
    assert_int_equal(bco_ranges_parse(&b, "b", "2.1-3.9", NULL), BCO_OK);
    assert_false(bco_ranges_meet(&a, &b, &common));
    assert_int_equal(bco_ranges_parse(&b, "b", "4-5", NULL), BCO_OK);
    assert_true(bco_ranges_meet(&a, &b, &common));
    assert_true(common == 4);
    bco_ranges_free(&a);
    bco_ranges_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_numbers),        cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(ranges_with_signs_and_fractions), cmocka_unit_test(bad_ranges),
        cmocka_unit_test(ranges_that_touch_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* base: errors, checked memory, buffers, fingerprints, random numbers, clock. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"

#include <bco/bco.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- errors ---------------------------------------------------------------- */

static void assert_formatted(const struct bco_error *err, const char *expected) {
    char text[4096];
    assert_int_equal(bco_error_format(err, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void error_has_its_place(void **state) {
    struct bco_error err = {0};
    (void)state;
    assert_int_equal(bco_fail_at(&err, BCO_EDATA, "a.jsonl", 3, "rating", "out of scale, got '%d', expected 1 to 5", 7),
                     BCO_EDATA);
    assert_int_equal(err.code, BCO_EDATA);
    assert_formatted(&err, "a.jsonl:3: field 'rating': out of scale, got '7', expected 1 to 5");
    bco_fail_at(&err, BCO_EDATA, "model/config.json", 0, NULL, "not JSON");
    assert_formatted(&err, "model/config.json: not JSON");
    bco_fail(&err, BCO_EUSAGE, "no input");
    assert_formatted(&err, "no input");
}

static void error_gets_a_place_once(void **state) {
    struct bco_error err = {0};
    (void)state;
    bco_fail(&err, BCO_EDATA, "broken");
    bco_error_place(&err, "a", 1, "x");
    bco_error_place(&err, "b", 2, "y");
    assert_formatted(&err, "a:1: field 'x': broken");
    bco_error_place(NULL, "a", 1, "x");
}

static void error_of_the_system(void **state) {
    struct bco_error err = {0};
    (void)state;
    errno = ENOENT;
    assert_int_equal(bco_fail_errno(&err, "gone", "cannot open"), BCO_ESYSTEM);
    assert_formatted(&err, "gone: cannot open: No such file or directory");
    assert_int_equal(bco_fail_memory(&err), BCO_ESYSTEM);
    assert_formatted(&err, "out of memory");
}

static void error_without_a_struct(void **state) {
    char text[8] = "x";
    (void)state;
    assert_int_equal(bco_fail(NULL, BCO_EDATA, "x"), BCO_EDATA);
    assert_int_equal(bco_fail_memory(NULL), BCO_ESYSTEM);
    assert_int_equal(bco_error_format(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
}

static void error_is_one_line(void **state) {
    struct bco_error err = {0};
    (void)state;
    bco_fail_at(&err, BCO_EDATA, "f", 1, "a\nb", "got 'c\r\nd'");
    assert_formatted(&err, "f:1: field 'a b': got 'c  d'");
}

static void error_is_no_command(void **state) {
    (void)state;
    struct bco_error err;
    char text[128], small[8];
    bco_fail_at(&err, BCO_EDATA, "a\tb", 1, "f\033[2J", "got '\033]0;x\a\x7F \xC2\x9B \xC3\xA9 \xC2\xA0'");
    size_t length = bco_error_format(&err, text, sizeof text);
    assert_string_equal(text, "a?b:1: field 'f?[2J': got '?]0;x?? ?? \xC3\xA9 \xC2\xA0'");
    assert_int_equal(length, strlen(text));
    bco_fail(&err, BCO_EDATA, "123456\xC2\x9B");
    assert_int_equal(bco_error_format(&err, small, sizeof small), 8);
    assert_string_equal(small, "123456\xC2");
}

static void error_is_cut(void **state) {
    struct bco_error err = {0};
    char longer[3000], small[8];
    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer + sizeof longer - 5, ".bin", 4);
    bco_fail_at(&err, BCO_EDATA, longer, 1, longer, "%s", longer);
    assert_int_equal(strlen(err.file), BCO_ERROR_FILE_SIZE - 1);
    assert_int_equal(strlen(err.field), BCO_ERROR_FIELD_SIZE - 1);
    assert_int_equal(strlen(err.message), BCO_ERROR_MESSAGE_SIZE - 1);
    assert_memory_equal(err.file, "...x", 4);
    assert_string_equal(err.file + BCO_ERROR_FILE_SIZE - 5, ".bin");
    assert_true(bco_error_format(&err, small, sizeof small) > 2000);
    assert_string_equal(small, "...xxxx");
    assert_true(bco_error_format(&err, NULL, 0) > 2000);
}

/* ---- memory ---------------------------------------------------------------- */

static void sizes_do_not_wrap(void **state) {
    size_t x = 0;
    (void)state;
    assert_true(bco_size_mul(SIZE_MAX / 2, 2, &x));
    assert_false(bco_size_mul(SIZE_MAX / 2 + 1, 2, &x));
    assert_true(bco_size_add(SIZE_MAX - 1, 1, &x));
    assert_false(bco_size_add(SIZE_MAX, 1, &x));
    assert_null(bco_malloc(SIZE_MAX / 2, 4));
    assert_null(bco_calloc(SIZE_MAX / 2, 4));
    assert_null(bco_malloc_aligned(SIZE_MAX / 2, 4));
    assert_null(bco_malloc_aligned(SIZE_MAX - 8, 1));
    assert_null(bco_strndup("x", SIZE_MAX));
}

static void nothing_is_something(void **state) {
    void *a = bco_malloc(0, 8), *b = bco_calloc(0, 8), *c = bco_malloc_aligned(0, 8);
    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    free(a);
    free(b);
    free(c);
}

static void alignment(void **state) {
    (void)state;
    for (size_t bytes = 1; bytes < 300; bytes += 7) {
        unsigned char *p = bco_malloc_aligned(bytes, 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 1, bytes);
        free(p);
    }
}

static void growth(void **state) {
    uint32_t *items = NULL;
    size_t capacity = 0, moves = 0;
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        assert_true(bco_grow((void **)&items, &capacity, i + 1, sizeof *items));
        moves += capacity != before;
        items[i] = i;
    }
    for (uint32_t i = 0; i < 10000; i++) assert_int_equal(items[i], i);
    assert_true(moves < 30);
    assert_false(bco_grow((void **)&items, &capacity, SIZE_MAX / 2, sizeof *items));
    assert_int_equal(items[9999], 9999);
    free(items);
}

static void copies_of_text(void **state) {
    char *copy = bco_strndup("abcdef", 3);
    (void)state;
    assert_string_equal(copy, "abc");
    free(copy);
}

/* ---- buffers --------------------------------------------------------------- */

static void buffer_grows(void **state) {
    struct bco_buf buf = {0};
    (void)state;
    bco_buf_add(&buf, "a\0b", 3);
    bco_buf_str(&buf, "cd");
    bco_buf_char(&buf, 'e');
    bco_buf_printf(&buf, "%d-%s", 42, "x");
    assert_int_equal(buf.length, 10);
    assert_memory_equal(buf.data, "a\0bcde42-x", 11);
    bco_buf_clear(&buf);
    assert_int_equal(buf.length, 0);
    assert_string_equal(buf.data, "");
    bco_buf_free(&buf);
    assert_null(buf.data);
    bco_buf_free(NULL);
}

static void buffer_failure_stays(void **state) {
    struct bco_buf buf = {0};
    (void)state;
    bco_buf_str(&buf, "kept");
    assert_null(bco_buf_reserve(&buf, SIZE_MAX - 2));
    assert_true(buf.failed);
    bco_buf_str(&buf, "more");
    assert_int_equal(buf.length, 4);
    assert_string_equal(buf.data, "kept");
    bco_buf_clear(&buf);
    assert_false(buf.failed);
    bco_buf_free(&buf);
}

static void buffer_numbers_read_back(void **state) {
    static const double numbers[] = {0.1,  1.0 / 3,           5e-324, 1.7976931348623157e308, -123456.789,
                                     1e15, 123456789012345680};
    struct bco_buf buf = {0};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bco_buf_clear(&buf);
        bco_buf_double(&buf, numbers[i]);
        assert_true(strtod(buf.data, NULL) == numbers[i]);
    }
    bco_buf_free(&buf);
}

static void assert_number(double x, const char *expected) {
    struct bco_buf buf = {0};
    bco_buf_double(&buf, x);
    assert_string_equal(buf.data, expected);
    bco_buf_free(&buf);
}

static void buffer_numbers_are_short(void **state) {
    (void)state;
    assert_number(3, "3");
    assert_number(-0.5, "-0.5");
    assert_number(0.1, "0.1");
    assert_number(0, "0");
    assert_number(NAN, "null");
    assert_number(INFINITY, "null");
    assert_number(-INFINITY, "null");
}

static void buffer_json_strings(void **state) {
    static const char text[] = "a\"b\\c\n\t\x01\x7f/\xc3\xa9\0z";
    struct bco_buf buf = {0};
    (void)state;
    bco_buf_json_string(&buf, text, sizeof text - 1);
    assert_string_equal(buf.data, "\"a\\\"b\\\\c\\n\\t\\u0001\x7f/\xc3\xa9\\u0000z\"");
    bco_buf_clear(&buf);
    bco_buf_json_string(&buf, "", 0);
    assert_string_equal(buf.data, "\"\"");
    bco_buf_free(&buf);
}

/* ---- fingerprints ---------------------------------------------------------- */

/* XXH3 128 bits, seed 0, of no bytes: the constant in xxHash's specification. */
static void fingerprint_known_answer(void **state) {
    struct bco_hash h = bco_hash_bytes("", 0, 0);
    (void)state;
    assert_true(h.low == 0x6001c324468d497fULL);
    assert_true(h.high == 0x99aa06d3014798d8ULL);
}

static void fingerprint_in_pieces(void **state) {
    unsigned char bytes[1000];
    struct bco_hasher *hasher = bco_hasher_new();
    (void)state;
    assert_non_null(hasher);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof bytes; i += 10) bco_hasher_add(hasher, bytes + i, 10);
    bco_hasher_add(hasher, NULL, 0);
    assert_true(bco_hash_equal(bco_hasher_value(hasher), bco_hash_bytes(bytes, sizeof bytes, 0)));
    bco_hasher_free(hasher);
}

static void fingerprint_of_numbers(void **state) {
    static const unsigned char little_endian[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    struct bco_hasher *hasher = bco_hasher_new();
    (void)state;
    assert_non_null(hasher);
    bco_hasher_add_u64(hasher, 0x0102030405060708);
    assert_true(bco_hash_equal(bco_hasher_value(hasher), bco_hash_bytes(little_endian, 8, 0)));
    assert_false(bco_hash_equal(bco_hash_bytes("a", 1, 0), bco_hash_bytes("a", 1, 1)));
    bco_hasher_free(hasher);
}

/* ---- random numbers -------------------------------------------------------- */

/* Random123's kat_vectors, philox4x32 with 10 rounds: counter, key, result. */
static void philox_known_answers(void **state) {
    static const uint32_t known[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
         0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
         0x24126ea1},
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        bco_philox(known[i], known[i] + 4, out);
        assert_memory_equal(out, known[i] + 6, sizeof out);
    }
}

static void random_numbers_need_their_position_only(void **state) {
    struct bco_rng rng = {.seed = 5, .stream = 9};
    uint64_t drawn[20];
    (void)state;
    for (int i = 0; i < 20; i++) drawn[i] = bco_rng_u64(&rng);
    for (int i = 19; i >= 0; i--) {
        struct bco_rng there = {.seed = 5, .stream = 9, .position = (uint64_t)i};
        assert_true(bco_rng_u64(&there) == drawn[i]);
        there = (struct bco_rng){.seed = 5, .stream = 10, .position = (uint64_t)i};
        assert_true(bco_rng_u64(&there) != drawn[i]);
        there = (struct bco_rng){.seed = 6, .stream = 9, .position = (uint64_t)i};
        assert_true(bco_rng_u64(&there) != drawn[i]);
    }
}

static void random_numbers_have_their_moments(void **state) {
    struct bco_rng rng = {.seed = 1};
    double uniform = 0, normal = 0, square = 0;
    enum { DRAWS = 100000 };
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double u = bco_rng_uniform(&rng), z = bco_rng_normal(&rng);
        assert_true(u >= 0 && u < 1 && isfinite(z));
        uniform += u;
        normal += z;
        square += z * z;
    }
    assert_true(fabs(uniform / DRAWS - 0.5) < 0.005);
    assert_true(fabs(normal / DRAWS) < 0.02);
    assert_true(fabs(square / DRAWS - 1) < 0.02);
}

static void random_below_is_fair(void **state) {
    struct bco_rng rng = {.seed = 2};
    int counts[6] = {0};
    (void)state;
    for (int i = 0; i < 60000; i++) {
        uint64_t x = bco_rng_below(&rng, 6);
        assert_true(x < 6);
        counts[x]++;
    }
    for (int i = 0; i < 6; i++) assert_true(counts[i] > 9600 && counts[i] < 10400);
    assert_true(bco_rng_below(&rng, 1) == 0);
    assert_true(bco_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static void shuffle_is_a_permutation(void **state) {
    uint64_t items[100], again[100];
    bool seen[100] = {false};
    struct bco_rng rng = {.seed = 3}, same = rng;
    (void)state;
    for (uint64_t i = 0; i < 100; i++) items[i] = again[i] = i;
    bco_rng_shuffle(&rng, items, 100);
    bco_rng_shuffle(&same, again, 100);
    assert_memory_equal(items, again, sizeof items);
    int fixed = 0;
    for (uint64_t i = 0; i < 100; i++) {
        assert_false(seen[items[i]]);
        seen[items[i]] = true;
        fixed += items[i] == i;
    }
    assert_true(fixed < 10);
    bco_rng_shuffle(&rng, items, 0);
}

/* ---- clock and versions ---------------------------------------------------- */

static void clock_goes_forward(void **state) {
    double before = bco_clock();
    (void)state;
    assert_true(bco_clock() >= before);
    assert_true(bco_cores() >= 1);
}

static void permutation(void **state) {
    (void)state;
    for (uint64_t count = 1; count < 300; count += count < 20 ? 1 : 37) {
        bool taken[300] = {false};
        for (uint64_t i = 0; i < count; i++) {
            uint64_t place = bco_permuted(count, i, count);
            assert_true(place < count);
            assert_false(taken[place]);
            taken[place] = true;
        }
    }
    size_t stayed = 0, low = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        stayed += bco_permuted(7, i, 1000) == i;
        low += bco_permuted(7, i, 100000) < 50000;
    }
    assert_true(stayed < 10);
    assert_in_range(low, 440, 560);
    assert_true(bco_permuted(7, 5, UINT64_MAX) < UINT64_MAX);
}

static void versions(void **state) {
    char text[512], cut[4];
    (void)state;
    assert_string_equal(bco_version(), BCO_VERSION);
    size_t length = bco_version_libraries(text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "yyjson 0."));
    assert_non_null(strstr(text, "xxHash 0."));
    assert_int_equal(bco_version_libraries(cut, sizeof cut), length);
    assert_int_equal(strlen(cut), 3);
    assert_int_equal(bco_version_libraries(NULL, 0), length);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_has_its_place),
        cmocka_unit_test(error_gets_a_place_once),
        cmocka_unit_test(error_of_the_system),
        cmocka_unit_test(error_without_a_struct),
        cmocka_unit_test(error_is_one_line),
        cmocka_unit_test(error_is_no_command),
        cmocka_unit_test(error_is_cut),
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(alignment),
        cmocka_unit_test(growth),
        cmocka_unit_test(copies_of_text),
        cmocka_unit_test(buffer_grows),
        cmocka_unit_test(buffer_failure_stays),
        cmocka_unit_test(buffer_numbers_read_back),
        cmocka_unit_test(buffer_numbers_are_short),
        cmocka_unit_test(buffer_json_strings),
        cmocka_unit_test(fingerprint_known_answer),
        cmocka_unit_test(fingerprint_in_pieces),
        cmocka_unit_test(fingerprint_of_numbers),
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(random_numbers_need_their_position_only),
        cmocka_unit_test(random_numbers_have_their_moments),
        cmocka_unit_test(random_below_is_fair),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(clock_goes_forward),
        cmocka_unit_test(permutation),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

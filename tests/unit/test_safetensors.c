/* Safetensors headers: what is read, and the exact words for what is wrong. */
#include "nn/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned char file[4096];

/* A file of this header and `data` bytes. Returns its size. */
static size_t make(const char *header, size_t data) {
    size_t length = strlen(header);
    memset(file, 0, sizeof file);
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    return 8 + length + data;
}

static void wrong(const char *header, size_t data, const char *expected) {
    struct bco_weights *weights;
    struct bco_error err;
    char text[1024];
    assert_int_equal(bco_weights_of_memory(&weights, file, make(header, data), "m", &err), BCO_EDATA);
    assert_null(weights);
    bco_error_format(&err, text, sizeof text);
    assert_string_equal(text, expected);
}

#define A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define B(begin, end) ",\"b\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[" #begin "," #end "]}"

static void headers(void **state) {
    (void)state;
    wrong("[]", 0, "m: the header does not begin with '{'");
    wrong("{", 0, "m: the header is not JSON: unexpected end of data at byte 1");
    wrong("{}", 3, "m: 3 bytes follow the last tensor");
    wrong(A "}", 7, "m: field 'a': it ends at byte 8 of the data, but the file has 7: truncated or damaged");
    wrong(A "}", 9, "m: 1 bytes follow the last tensor");
    wrong(A B(4, 8) "}", 12, "m: field 'b': its bytes overlap another tensor's");
    wrong(A B(10, 14) "}", 14, "m: field 'b': its bytes follow a gap");
    wrong(A B(12, 8) "}", 12, "m: field 'b': it ends (8) before it begins (12)");
    wrong(A B(8, 14) "}", 14, "m: field 'b': its shape and dtype do not make the 6 bytes that it has");
    wrong(A ",\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}", 8, "m: field 'a': it is there twice");
    wrong("{\"a\":{}}", 0, "m: field 'a': it has no dtype");
    wrong("{\"a\":7}", 0, "m: field 'a': it has no dtype");
    wrong("{\"a\":{\"dtype\":\"F4\"}}", 0, "m: field 'a': unknown dtype 'F4'");
    wrong("{\"a\":{\"dtype\":\"F32\"}}", 0, "m: field 'a': its shape is not a list of at most 8 numbers");
    wrong("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1]}}", 0, "m: field 'a': a size in its shape is not a number");
    wrong("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296]}}", 0, "m: field 'a': its shape is too large");
    wrong("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
          "m: field 'a': its shape and dtype do not make the 0 bytes that it has");
    wrong("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0]}}", 0,
          "m: field 'a': data_offsets are not two numbers");
    wrong("{\"a\\u0000b\":{}}", 0, "m: a tensor's name has a NUL byte");
    wrong("{\"__metadata__\":[]}", 0, "m: field '__metadata__': not an object");
    wrong("{\"__metadata__\":{\"format\":1}}", 0, "m: field '__metadata__': 'format' is not a string");
}

static void lengths(void **state) {
    struct bco_weights *weights;
    struct bco_error err;
    (void)state;
    assert_int_equal(bco_weights_of_memory(&weights, file, 7, "m", &err), BCO_EDATA);
    assert_string_equal(err.message, "too short for a safetensors file");
    make("{}", 0);
    assert_int_equal(bco_weights_of_memory(&weights, file, 9, "m", &err), BCO_EDATA);
    assert_string_equal(err.message, "the header's length is 2 bytes, but the file has 9: truncated or damaged");
    file[7] = 0x80;
    assert_int_equal(bco_weights_of_memory(&weights, file, 10, "m", &err), BCO_EDATA);
    assert_string_equal(err.message,
                        "the header's length is 9223372036854775810 bytes, but the file has 10: truncated or damaged");
}

static void good(void **state) {
    struct bco_weights *weights;
    float x[2];
    (void)state;
    size_t size = make(A B(8, 12) ",\"__metadata__\":{\"alias\":\"b\",\"format\":\"pt\"}}", 12);
    memcpy(file + size - 12, (const float[]){1.5f, -2}, 8);
    memcpy(file + size - 4, (const uint16_t[]){0x3F80, 0xC000}, 4);
    assert_int_equal(bco_weights_of_memory(&weights, file, size, "m", NULL), BCO_OK);
    assert_int_equal(bco_weights_count(weights), 2);
    const struct bco_tensor *a = bco_weights_find(weights, "a"), *b = bco_weights_find(weights, "alias");
    assert_true(bco_tensor_read(a, 0, 2, x) && x[0] == 1.5f && x[1] == -2);
    assert_true(bco_tensor_read(a, 1, 1, x) && x[0] == -2);
    assert_ptr_equal(b, bco_weights_find(weights, "b"));
    assert_true(b->dims == 2 && b->shape[0] == 2 && b->shape[1] == 1 && bco_tensor_readable(b));
    assert_true(bco_tensor_read(b, 0, 2, x) && x[0] == 1 && x[1] == -2);
    assert_null(bco_weights_find(weights, "format"));
    assert_null(bco_weights_find(weights, "c"));
    bco_weights_close(weights);
}

static bool finite_bits(const char *dtype, const void *bytes) {
    struct bco_tensor tensor = {.dtype = dtype, .data = bytes, .count = 1};
    float x;
    return bco_tensor_read(&tensor, 0, 1, &x);
}

static void not_finite(void **state) {
    (void)state;
    assert_false(finite_bits("F32", &(uint32_t){0x7FC00000}));
    assert_false(finite_bits("F32", &(uint32_t){0xFF800000}));
    assert_true(finite_bits("F32", &(uint32_t){0x7F7FFFFF}));
    assert_false(finite_bits("F16", &(uint16_t){0x7C00}));
    assert_false(finite_bits("F16", &(uint16_t){0xFE01}));
    assert_true(finite_bits("F16", &(uint16_t){0x7BFF}));
    assert_false(finite_bits("BF16", &(uint16_t){0x7F80}));
    assert_false(finite_bits("BF16", &(uint16_t){0x7FC0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(lengths),
        cmocka_unit_test(good),
        cmocka_unit_test(not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

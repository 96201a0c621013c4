#include "base/rng.h"
#include "data/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct bco_hash key_of(uint64_t i) {
    return bco_hash_bytes(&i, sizeof i, 0);
}

static void values_stay_with_their_keys(void **state) {
    (void)state;
    enum { KEYS = 100000 };
    struct bco_table *table = bco_table_new(sizeof(uint32_t));
    assert_non_null(table);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < KEYS; i++) {
            bool is_new;
            uint32_t value, *at = bco_table_put(table, key_of(i), &is_new);
            assert_non_null(at);
            assert_int_equal(is_new, round == 0);
            memcpy(&value, at, sizeof value);
            assert_int_equal(value, round ? i + 1 : 0);
            value = i + 1;
            memcpy(at, &value, sizeof value);
        }
    assert_int_equal(bco_table_count(table), KEYS);
    assert_null(bco_table_get(table, key_of(KEYS)));
    assert_non_null(bco_table_get(table, key_of(0)));
    bco_table_free(table);
}

static void the_zero_key_is_a_key(void **state) {
    (void)state;
    struct bco_table *table = bco_table_new(1);
    bool is_new;
    assert_null(bco_table_get(table, (struct bco_hash){0, 0}));
    assert_non_null(bco_table_put(table, (struct bco_hash){0, 0}, &is_new));
    assert_true(is_new);
    assert_non_null(bco_table_put(table, (struct bco_hash){0, 0}, &is_new));
    assert_false(is_new);
    assert_int_equal(bco_table_count(table), 1);
    bco_table_free(table);
}

/* Keys that all want the last slots of one part wrap around to its first. */
static void crowded_slots_wrap(void **state) {
    (void)state;
    struct bco_table *table = bco_table_new(0);
    for (uint64_t i = 0; i < 1000; i++) assert_non_null(bco_table_put(table, (struct bco_hash){~0ULL, i << 8}, NULL));
    for (uint64_t i = 0; i < 1000; i++) assert_non_null(bco_table_get(table, (struct bco_hash){~0ULL, i << 8}));
    assert_null(bco_table_get(table, (struct bco_hash){~0ULL, 1000 << 8}));
    bco_table_free(table);
}

/* Whatever is foreseen, true, false or absurd: the keys and values are the same. */
static void foreseen_tables_hold_the_same(void **state) {
    (void)state;
    enum { KEYS = 1300000 };
    static const double ends[] = {1, 0.25, 40, 1e300, 1e-300};
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
        struct bco_table *table = bco_table_new(sizeof(uint32_t));
        for (uint32_t i = 0; i < KEYS; i++) {
            bool is_new;
            bco_table_foresee(table, (i + 1) / (ends[e] * KEYS));
            void *at = bco_table_put(table, key_of(i), &is_new);
            assert_non_null(at);
            assert_true(is_new);
            memcpy(at, &i, sizeof i);
        }
        assert_int_equal(bco_table_count(table), KEYS);
        for (uint32_t i = 0; i < KEYS; i++) {
            uint32_t value;
            const void *at = bco_table_get(table, key_of(i));
            assert_non_null(at);
            memcpy(&value, at, sizeof value);
            assert_int_equal(value, i);
        }
        assert_null(bco_table_get(table, key_of(KEYS)));
        bco_table_free(table);
    }
}

static bool is_even(const void *value) {
    return *(const unsigned char *)value % 2 == 0;
}

static void what_is_kept_stays(void **state) {
    (void)state;
    enum { KEYS = 5000 };
    struct bco_table *table = bco_table_new(1);
    for (uint64_t i = 0; i < KEYS; i++) *(unsigned char *)bco_table_put(table, key_of(i), NULL) = (unsigned char)i;
    assert_true(bco_table_keep(table, is_even));
    assert_int_equal(bco_table_count(table), KEYS / 2);
    for (uint64_t i = 0; i < KEYS; i++) assert_int_equal(bco_table_get(table, key_of(i)) != NULL, i % 2 == 0);
    bool is_new;
    assert_non_null(bco_table_put(table, key_of(1), &is_new));
    assert_true(is_new);
    bco_table_free(table);
    table = bco_table_new(1);
    assert_true(bco_table_keep(table, is_even));
    assert_null(bco_table_get(table, key_of(0)));
    bco_table_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stay_with_their_keys), cmocka_unit_test(the_zero_key_is_a_key),
        cmocka_unit_test(crowded_slots_wrap),          cmocka_unit_test(foreseen_tables_hold_the_same),
        cmocka_unit_test(what_is_kept_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Learning rates against transformers' schedules. */
#include "golden.h"

#include <bco/train.h>

/* Its "constant" knows no warm-up; ours is its "constant_with_warmup". */
static bool find(const char *name, enum bco_schedule *schedule) {
    if (strcmp(name, "constant") == 0) return false;
    if (strcmp(name, "constant_with_warmup") == 0) name = "constant";
    for (int i = 0; bco_schedule_name((enum bco_schedule)i); i++)
        if (strcmp(name, bco_schedule_name((enum bco_schedule)i)) == 0) {
            *schedule = (enum bco_schedule)i;
            return true;
        }
    fail_msg("no schedule named %s", name);
    return false;
}

static void test_factors(void **state) {
    (void)state;
    yyjson_doc *doc = golden_open("golden/train/schedules.json");
    yyjson_val *row, *factor;
    size_t i, n, s, m, checked = 0;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "rows"), i, n, row) {
        enum bco_schedule schedule;
        if (!find(golden_text(row, "schedule"), &schedule)) continue;
        uint64_t total = yyjson_get_uint(yyjson_obj_get(row, "total"));
        uint64_t warmup = bco_schedule_warmup(golden_number(row, "warmup"), total);
        assert_int_equal(warmup, yyjson_get_uint(yyjson_obj_get(row, "warmup_steps")));
        yyjson_arr_foreach(yyjson_obj_get(row, "factors"), s, m, factor) {
            assert_near(bco_schedule_factor(schedule, s, total, warmup), yyjson_get_num(factor), 1e-15);
            checked++;
        }
    }
    assert_true(checked > 300);
    yyjson_doc_free(doc);
}

static void test_warmup_rounding(void **state) {
    (void)state;
    yyjson_doc *doc = golden_open("golden/train/schedules.json");
    yyjson_val *row;
    size_t i, n;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "warmup_steps"), i, n, row) assert_int_equal(
        bco_schedule_warmup(golden_number(row, "share"), yyjson_get_uint(yyjson_obj_get(row, "total"))),
        yyjson_get_uint(yyjson_obj_get(row, "steps")));
    yyjson_doc_free(doc);
}

static void test_edges(void **state) {
    (void)state;
    assert_int_equal(bco_schedule_warmup(0.07, 100), 8);
    assert_int_equal(bco_schedule_warmup(0, 100), 0);
    assert_int_equal(bco_schedule_warmup(5, 3), 5);
    assert_true(bco_schedule_factor(BCO_SCHEDULE_LINEAR, 0, 1, 1) == 0);
    assert_true(bco_schedule_factor(BCO_SCHEDULE_LINEAR, 7, 5, 0) == 0);
    assert_null(bco_schedule_name((enum bco_schedule)3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_warmup_rounding),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

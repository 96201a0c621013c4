/* The reward shift: each rule against its definition, and against how steps are cut. */
#include "golden.h"

#include "base/rng.h"
#include <bco/loss.h>

static struct bco_shift_sums sums_of(const double *reward, const bool *up, size_t count) {
    struct bco_shift_sums sums = {0};
    for (size_t i = 0; i < count; i++) bco_shift_add(&sums, reward[i], 1, up[i]);
    return sums;
}

/* The rule of the golden traces on the rewards of a trace: delta before, both class means after every step. */
static void follow(const char *file) {
    yyjson_doc *doc = golden_open(file);
    yyjson_val *root = yyjson_doc_get_root(doc), *step;
    yyjson_val *records = yyjson_obj_get(root, "records");
    struct bco_shift shift = {.rule = BCO_SHIFT_EMA, .decay = 0.9};
    size_t i, n;
    yyjson_arr_foreach(yyjson_obj_get(root, "steps"), i, n, step) {
        struct bco_shift_sums sums = {0};
        yyjson_val *rewards = yyjson_obj_get(step, "rewards"), *index;
        size_t k, m;
        assert_near(bco_shift_delta(&shift), golden_number(step, "delta"), 1e-14);
        yyjson_arr_foreach(yyjson_obj_get(step, "records"), k, m, index) {
            yyjson_val *record = yyjson_arr_get(records, yyjson_get_uint(index));
            bco_shift_add(&sums, yyjson_get_num(yyjson_arr_get(rewards, k)), 1,
                          yyjson_get_bool(yyjson_obj_get(record, "label")));
        }
        bco_shift_update(&shift, &sums);
        if (shift.steps_up) assert_near(shift.mean_up, golden_number(step, "m_up"), 1e-14);
        if (shift.steps_down) assert_near(shift.mean_down, golden_number(step, "m_down"), 1e-14);
    }
    assert_true(n > 0);
    yyjson_doc_free(doc);
}

static void test_golden_ema(void **state) {
    (void)state;
    follow("golden/train/bco_ours.json");
}

static void test_golden_ema_late(void **state) {
    (void)state;
    follow("golden/train/bco_ours_late.json");
}

static const double step_rewards[2][4] = {{0.2, -0.1, -0.3, 0.05}, {0.4, 0.2, 0.6, 0.8}};
static const bool step_up[2][4] = {{true, true, false, false}, {true, true, true, true}};

static struct bco_shift after_both(enum bco_shift_rule rule) {
    struct bco_shift shift = {.rule = rule, .decay = 0.75};
    for (int i = 0; i < 2; i++) {
        struct bco_shift_sums sums = sums_of(step_rewards[i], step_up[i], 4);
        bco_shift_update(&shift, &sums);
    }
    return shift;
}

/* Class means of the two steps: up 0.05 then 0.5; down -0.125, then none. */
static void test_rules(void **state) {
    (void)state;
    struct bco_shift ema = after_both(BCO_SHIFT_EMA), batch = after_both(BCO_SHIFT_BATCH);
    struct bco_shift running = after_both(BCO_SHIFT_RUNNING), cumulative = after_both(BCO_SHIFT_CUMULATIVE);
    struct bco_shift none = after_both(BCO_SHIFT_NONE);
    assert_near(bco_shift_delta(&ema), (0.75 * 0.05 + 0.25 * 0.5 - 0.125) / 2, 1e-15);
    assert_near(bco_shift_delta(&batch), (0.5 - 0.125) / 2, 1e-15);
    assert_near(bco_shift_delta(&running), (-0.15 + 2.0) / 8, 1e-15);
    assert_near(bco_shift_delta(&cumulative), ((0.05 + 0.5) / 2 - 0.125) / 2, 1e-15);
    assert_true(bco_shift_delta(&none) == 0);
    assert_true(bco_shift_needs_rewards(BCO_SHIFT_BATCH) && bco_shift_needs_rewards(BCO_SHIFT_RUNNING));
    assert_false(bco_shift_needs_rewards(BCO_SHIFT_EMA) || bco_shift_needs_rewards(BCO_SHIFT_CUMULATIVE));
}

/* The first batch of the paper's notes: the cumulative mean over all samples is -0.0375. */
static void test_running_known(void **state) {
    (void)state;
    struct bco_shift shift = {.rule = BCO_SHIFT_RUNNING};
    struct bco_shift_sums sums = sums_of(step_rewards[0], step_up[0], 4);
    bco_shift_update(&shift, &sums);
    assert_near(bco_shift_delta(&shift), -0.0375, 1e-16);
}

static void test_weights(void **state) {
    (void)state;
    struct bco_shift shift = {.rule = BCO_SHIFT_BATCH}, before;
    struct bco_shift_sums sums = {0}, nothing = {0};
    bco_shift_add(&sums, 1, 3, true);
    bco_shift_add(&sums, 5, 1, true);
    bco_shift_add(&sums, INFINITY, 0, false);
    bco_shift_update(&shift, &sums);
    assert_near(shift.mean_up, 2, 1e-15);
    assert_true(shift.steps_down == 0 && shift.mean_down == 0);
    before = shift;
    bco_shift_update(&shift, &nothing);
    assert_memory_equal(&before, &shift, sizeof shift);
}

/* Means weigh classes, not samples: 4:1 data give the same shift as 1:1. */
static void test_imbalance(void **state) {
    (void)state;
    struct bco_shift shift = {.rule = BCO_SHIFT_EMA, .decay = 0.9};
    struct bco_shift_sums sums = {0};
    for (int i = 0; i < 4; i++) bco_shift_add(&sums, 1, 1, true);
    bco_shift_add(&sums, -1, 1, false);
    bco_shift_update(&shift, &sums);
    assert_near(bco_shift_delta(&shift), 0, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_ema),    cmocka_unit_test(test_golden_ema_late), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_running_known), cmocka_unit_test(test_weights),         cmocka_unit_test(test_imbalance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a run tells: means, AUC, lines of metrics, warnings; and its checkpoint files. */
#include "golden.h"

#include "align/checkpoint.h"
#include "align/metrics.h"
#include "align/signs.h"
#include "align/tally.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- means ----------------------------------------------------------------------------- */

static void test_tally(void **state) {
    (void)state;
    const struct bco_seen samples[] = {{-8, -10, 1, 0.5, 4, true},
                                       {-11, -10, 3, 1.5, 2, true},
                                       {-13, -10, 1, 0.25, 5, false},
                                       {-99, 0, 0, 0, 5, false}};
    struct bco_tally tally = {0};
    struct bco_train_metrics m = {0};
    for (int i = 0; i < 4; i++) bco_tally_add(&tally, &samples[i], 0.1, -0.05);
    bco_tally_metrics(&tally, 4, -0.05, &m);
    assert_near(m.loss, 2.25 / 4, 1e-15);
    assert_near(m.rewards_up, (0.2 - 3 * 0.1) / 4, 1e-15);
    assert_near(m.rewards_down, -0.3, 1e-15);
    assert_near(m.logps_up, (-8 - 33) / 4.0, 1e-15);
    assert_near(m.kl, -(2 - 3 - 3) / 5.0, 1e-15);
    assert_near(m.accuracy, (1 + 1) / 5.0, 1e-15);
    assert_near(m.up_logratio_per_token, (2 - 3) / (4.0 + 6), 1e-15);
    assert_near(m.error_term, (exp(-0.25) + 3 * exp(0.05)) / 4 + exp(-0.25), 1e-14);
    assert_true(m.up == 2 && m.down == 1);
}

static void test_tally_of_pairs(void **state) {
    (void)state;
    const struct bco_seen chosen = {-8, -10, 1, 0.5, 4, true}, rejected = {-9, -12, 1, 0, 4, false};
    struct bco_tally tally = {0};
    struct bco_train_metrics m = {0};
    bco_tally_add(&tally, &chosen, 0.1, 0);
    bco_tally_add(&tally, &rejected, 0.1, 0);
    bco_tally_pair(&tally, 1, false);
    bco_tally_pair(&tally, 3, true);
    bco_tally_metrics(&tally, 1, 0, &m);
    assert_near(m.accuracy, 0.75, 1e-15);
    assert_true(m.up == 1 && m.down == 1);
}

static void test_tally_of_nothing(void **state) {
    (void)state;
    struct bco_tally tally = {0};
    struct bco_train_metrics m = {0};
    bco_tally_metrics(&tally, 3, 0, &m);
    assert_true(m.loss == 0 && isnan(m.rewards_up) && isnan(m.kl) && isnan(m.error_term));
}

static void test_auc(void **state) {
    (void)state;
    struct bco_scored mixed[] = {bco_scored_of(3, 1, true), bco_scored_of(1, 1, false), bco_scored_of(2, 1, true),
                                 bco_scored_of(2, 1, false), bco_scored_of(0, 1, true)};
    struct bco_scored heavy[] = {bco_scored_of(1, 2, true), bco_scored_of(0, 1, false), bco_scored_of(2, 1, false)};
    struct bco_scored one_class[] = {bco_scored_of(1, 1, true)};
    assert_near(bco_auc(mixed, 5), (2 + 1.5 + 0) / 6, 1e-15);
    assert_near(bco_auc(heavy, 3), 0.5, 1e-15);
    assert_true(isnan(bco_auc(one_class, 1)));
}

/* ---- lines -------------------------------------------------------------------------------- */

static void test_line(void **state) {
    (void)state;
    struct bco_train_metrics m = {.step = 3, .loss = 0.5, .rewards_up = NAN, .rewards_down = -1, .tokens = 7, .up = 2};
    struct bco_buf b = {0};
    bco_metrics_line(&b, &m, BCO_LOSS_BCO);
    yyjson_doc *doc = yyjson_read(b.data, b.length, 0);
    assert_non_null(doc);
    assert_non_null(
        strstr(b.data, "{\"step\":3,\"loss\":0.5,\"delta\":0,\"rewards/chosen\":null,\"rewards/rejected\":-1,"));
    assert_non_null(strstr(b.data, "\"rewards/margins\":null"));
    assert_null(strstr(b.data, "auc"));
    yyjson_doc_free(doc);
    bco_buf_clear(&b);
    m.evaluation = true;
    bco_metrics_line(&b, &m, BCO_LOSS_BCO);
    assert_non_null(strstr(b.data, "{\"step\":3,\"eval_loss\":0.5,\"eval_delta\":0,"));
    assert_non_null(strstr(b.data, "\"eval_rewards/auc\":0"));
    assert_null(strstr(b.data, "grad_norm"));
    bco_buf_clear(&b);
    bco_metrics_line(&b, &m, BCO_LOSS_SFT);
    assert_null(strstr(b.data, "delta"));
    assert_null(strstr(b.data, "rewards"));
    bco_buf_free(&b);
}

/* ---- failure signs --------------------------------------------------------------------------- */

static struct bco_train_options bco_options(void) {
    struct bco_train_options o;
    bco_train_defaults(&o);
    return o;
}

static const char *watch(struct bco_signs *signs, const struct bco_train_metrics *m) {
    static char text[512];
    const struct bco_train_options options = bco_options();
    return bco_signs_watch(signs, m, &options, false, text, sizeof text);
}

static void test_still(void **state) {
    (void)state;
    struct bco_signs signs = {0};
    struct bco_train_metrics m = {.kl = 1e-4, .rewards_up = 1e-5, .rewards_down = NAN, .up_logratio_per_token = 0};
    const char *warning = NULL;
    for (m.step = 1; m.step < 30; m.step++) assert_null(watch(&signs, &m));
    warning = watch(&signs, &m);
    assert_non_null(warning);
    assert_non_null(strstr(warning, "step 30: the KL does not move"));
    for (m.step = 31; m.step < 99; m.step++) assert_null(watch(&signs, &m));
}

static void test_moving(void **state) {
    (void)state;
    struct bco_signs signs = {0};
    struct bco_train_metrics m = {.kl = 0, .rewards_up = 0.01, .rewards_down = -0.01};
    for (m.step = 1; m.step < 99; m.step++) assert_null(watch(&signs, &m));
}

static void test_runaway(void **state) {
    (void)state;
    struct bco_signs signs = {0};
    struct bco_train_metrics m = {.kl = 3, .delta = -1.5, .rewards_up = -0.8, .up_logratio_per_token = -0.2};
    for (m.step = 1; m.step < 10; m.step++) assert_null(watch(&signs, &m));
    const char *warning = watch(&signs, &m);
    assert_non_null(warning);
    assert_non_null(strstr(warning, "step 10: delta (-1.5) runs away: the ups themselves have lost 0.20 nats a token"));
    assert_non_null(strstr(warning, "--shift-decay nearer to 1"));
    assert_null(watch(&signs, &m));
}

static void test_flat(void **state) {
    (void)state;
    struct bco_signs signs = {0};
    struct bco_train_metrics step = {.loss = 0.69, .kl = 1, .rewards_up = 1};
    struct bco_train_metrics evaluation = {.evaluation = true, .accuracy = 0.5};
    for (int i = 0; i < 4; i++) {
        assert_null(watch(&signs, &step));
        const char *warning = watch(&signs, &evaluation);
        assert_true((warning != NULL) == (i == 3));
        if (warning) assert_non_null(strstr(warning, "have been flat for 4 evaluations"));
    }
    signs = (struct bco_signs){0};
    for (int i = 0; i < 9; i++) {
        assert_null(watch(&signs, &step));
        evaluation.accuracy += 0.01;
        assert_null(watch(&signs, &evaluation));
    }
}

/* ---- checkpoint files --------------------------------------------------------------------------- */

static char folder[64];

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bco-checkpoint-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    char path[128];
    for (int step = 0; step < 10; step++) {
        snprintf(path, sizeof path, "%s/step-%010d.bco", folder, step);
        unlink(path);
    }
    return rmdir(folder);
}

static char warned[1024];

static void hear(void *user, const char *message) {
    (void)user;
    snprintf(warned, sizeof warned, "%s", message);
}

static void save(uint64_t step, float value, size_t keep) {
    float data[] = {value, value + 1, value + 2};
    struct bco_part parts[] = {{data, sizeof data}, {data, sizeof *data}};
    char state[32];
    int length = snprintf(state, sizeof state, "{\"step\":%d}", (int)step);
    struct bco_checkpoint c = {state, (size_t)length, parts, 2};
    assert_int_equal(bco_checkpoint_save(folder, step, &c, keep, NULL), BCO_OK);
}

static void flip(uint64_t step, long offset) {
    char path[128];
    snprintf(path, sizeof path, "%s/step-%010d.bco", folder, (int)step);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET);
    int byte = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void expect_found(uint64_t expected) {
    const struct bco_watch watcher = {.warn = hear};
    float data[3], first;
    struct bco_part parts[] = {{data, sizeof data}, {&first, sizeof first}};
    char *json;
    uint64_t step;
    warned[0] = '\0';
    assert_int_equal(bco_checkpoint_find(folder, &step, &json, &watcher, NULL), BCO_OK);
    assert_int_equal(step, expected);
    if (step == 0) return;
    assert_int_equal(bco_checkpoint_read(folder, step, parts, 2, NULL), BCO_OK);
    assert_true(data[0] == (float)step && data[2] == (float)step + 2 && first == (float)step);
    free(json);
}

static void test_checkpoints(void **state) {
    (void)state;
    expect_found(0);
    for (uint64_t step = 1; step <= 4; step++) save(step, (float)step, 3);
    expect_found(4);
    assert_true(warned[0] == '\0');
    flip(4, 35);
    expect_found(3);
    assert_non_null(
        strstr(warned, "step-0000000004.bco: damaged checkpoint: its checksum is wrong; trying the one before"));
    flip(3, -1);
    expect_found(2);
    flip(2, 0);
    char *json;
    uint64_t step;
    struct bco_error err;
    assert_int_equal(bco_checkpoint_find(folder, &step, &json, NULL, &err), BCO_EDATA);
    assert_string_equal(err.message, "damaged checkpoint: it does not begin as one");
    assert_int_equal(bco_checkpoint_newest(folder), 4);
}

/* Every byte matters, and so does every length. */
static void test_every_byte(void **state) {
    (void)state;
    char path[128], *json;
    struct stat st;
    uint64_t step;
    save(1, 1, 1);
    snprintf(path, sizeof path, "%s/step-%010d.bco", folder, 1);
    assert_int_equal(stat(path, &st), 0);
    for (long i = 0; i < st.st_size; i++) {
        flip(1, i);
        assert_int_equal(bco_checkpoint_find(folder, &step, &json, NULL, NULL), BCO_EDATA);
        flip(1, i);
    }
    expect_found(1);
    for (off_t size = st.st_size - 1; size >= 0; size--) {
        assert_int_equal(truncate(path, size), 0);
        assert_int_equal(bco_checkpoint_find(folder, &step, &json, NULL, NULL), BCO_EDATA);
    }
}

static void test_other_sizes(void **state) {
    (void)state;
    float data[8];
    struct bco_part fewer[] = {{data, 12}}, more[] = {{data, 12}, {data, 8}};
    struct bco_error err;
    save(1, 1, 1);
    assert_int_equal(bco_checkpoint_read(folder, 1, fewer, 1, &err), BCO_EDATA);
    assert_string_equal(err.message, "damaged checkpoint: it holds more than this model has");
    assert_int_equal(bco_checkpoint_read(folder, 1, more, 2, &err), BCO_EDATA);
    assert_string_equal(err.message, "damaged checkpoint: it ends too early");
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tally),  cmocka_unit_test(test_tally_of_pairs), cmocka_unit_test(test_tally_of_nothing),
        cmocka_unit_test(test_auc),    cmocka_unit_test(test_line),           cmocka_unit_test(test_still),
        cmocka_unit_test(test_moving), cmocka_unit_test(test_runaway),        cmocka_unit_test(test_flat),
        WITH_FOLDER(test_checkpoints), WITH_FOLDER(test_every_byte),          WITH_FOLDER(test_other_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Losses against the golden values, and the paper's theorems. */
#include "golden.h"

#include "base/rng.h"
#include <bco/loss.h>

static enum bco_loss loss_named(const char *name) {
    for (int loss = 0; bco_loss_name((enum bco_loss)loss); loss++)
        if (strcmp(name, bco_loss_name((enum bco_loss)loss)) == 0) return (enum bco_loss)loss;
    fail_msg("no loss named %s", name);
    return BCO_LOSS_SFT;
}

/* Equal to 1e-13 of `scale`; what is below 1e-300 does not count. */
static void assert_close(double got, double want, double scale) {
    if (fabs(got - want) < 1e-300) return;
    assert_near(got, want, 1e-13 * fabs(scale));
}

static void check_binary(enum bco_loss loss, yyjson_val *row) {
    double logp = golden_number(row, "logratio"), ref = 0, weight = 1, value, slope;
    double shift = loss == BCO_LOSS_KTO ? golden_number(row, "z") : golden_number(row, "delta");
    bool up = yyjson_get_bool(yyjson_obj_get(row, "label"));
    if (loss == BCO_LOSS_KTO) weight = golden_number(row, "weight");
    if (loss == BCO_LOSS_BCE) shift = 0;
    struct bco_loss_samples samples = {1, &logp, &ref, &up, &weight};
    bco_loss_binary(loss, golden_number(row, "beta"), shift, &samples, &value, &slope);
    assert_close(value, golden_number(row, "loss"), golden_number(row, "loss"));
    assert_close(slope, golden_number(row, "dloss_dlogp"), golden_number(row, "dloss_dlogp"));
}

static void check_paired(enum bco_loss loss, yyjson_val *row) {
    double w = golden_number(row, "logratio_chosen"), l = golden_number(row, "logratio_rejected"), zero = 0;
    double beta = golden_number(row, loss == BCO_LOSS_IPO ? "tau" : "beta"), value, dw, dl;
    double want = golden_number(row, "loss"), want_w = golden_number(row, "dloss_dlogp_chosen");
    double want_l = golden_number(row, "dloss_dlogp_rejected"), scale = fabs(w - l) + 1 / (2 * beta);
    bool ipo = loss == BCO_LOSS_IPO;
    struct bco_loss_pairs pairs = {1, &w, &l, &zero, &zero, NULL};
    bco_loss_paired(loss, beta, &pairs, &value, &dw, &dl);
    assert_close(value, want, ipo ? scale * scale : want);
    assert_close(dw, want_w, ipo ? 2 * scale : want_w);
    assert_close(dl, want_l, ipo ? 2 * scale : want_l);
}

static void test_golden(void **state) {
    (void)state;
    yyjson_doc *doc = golden_open("golden/train/losses.json");
    yyjson_val *rows = yyjson_obj_get(yyjson_doc_get_root(doc), "rows"), *row;
    size_t i, n;
    assert_true(yyjson_arr_size(rows) > 600);
    yyjson_arr_foreach(rows, i, n, row) {
        enum bco_loss loss = loss_named(golden_text(row, "kind"));
        if (bco_loss_is_paired(loss))
            check_paired(loss, row);
        else
            check_binary(loss, row);
    }
    yyjson_doc_free(doc);
}

static double binary(enum bco_loss loss, double beta, double shift, double logp, bool up, double *slope) {
    double ref = 0, value;
    struct bco_loss_samples samples = {1, &logp, &ref, &up, NULL};
    bco_loss_binary(loss, beta, shift, &samples, &value, slope);
    return value;
}

/* The reference values of the paper's notes: log-ratios up {2,-1}, down {-3,0.5}, delta -0.0375. */
static void test_known_values(void **state) {
    (void)state;
    double ratio[] = {2, -1, -3, 0.5}, want[] = {0.5814315, 0.7248854, 0.5704858, 0.7378539}, ref[4] = {0}, losses[4];
    bool up[] = {true, true, false, false};
    struct bco_loss_samples samples = {4, ratio, ref, up, NULL};
    bco_loss_binary(BCO_LOSS_BCO, 0.1, -0.0375, &samples, losses, NULL);
    for (int i = 0; i < 4; i++) assert_near(losses[i], want[i], 5e-8);
}

static double drawn(struct bco_rng *rng, double spread) {
    return spread * (2 * bco_rng_uniform(rng) - 1);
}

/* Theorems 1 and 3: -ln s(a-b) < -ln s(a-d) - ln s(-(b-d)); bco (bce with d = 0) bounds dpo. */
static void test_bounds_dpo(void **state) {
    (void)state;
    struct bco_rng rng = {7, 1, 0};
    for (int i = 0; i < 20000; i++) {
        double spread = i % 2 ? 5 : 30, a = drawn(&rng, spread), b = drawn(&rng, spread), zero = 0, dpo;
        double delta = i % 3 ? drawn(&rng, spread) : 0;
        struct bco_loss_pairs pair = {1, &a, &b, &zero, &zero, NULL};
        bco_loss_paired(BCO_LOSS_DPO, 1, &pair, &dpo, NULL, NULL);
        double bound = binary(BCO_LOSS_BCO, 1, delta, a, true, NULL) + binary(BCO_LOSS_BCO, 1, delta, b, false, NULL);
        assert_true(dpo < bound);
    }
}

/* Theorem 4: the error term is least at the mean of both rewards, where it is 2 sqrt(exp(r_l - r_w)). */
static void test_error_term(void **state) {
    (void)state;
    struct bco_rng rng = {7, 2, 0};
    for (int i = 0; i < 2000; i++) {
        double w = drawn(&rng, 3), l = drawn(&rng, 3), delta = (w + l) / 2;
        double least = exp(-(w - delta)) + exp(l - delta), off = delta + drawn(&rng, 2);
        assert_near(least, 2 * sqrt(exp(l - w)), 1e-12 * least);
        assert_true(exp(-(w - off)) + exp(l - off) >= least * (1 - 1e-15));
    }
}

/* KTO stays between 0 and the weight, and learns nothing from what is far on either side; up and down mirror each
 * other. */
static void test_kto_ends(void **state) {
    (void)state;
    struct bco_rng rng = {7, 5, 0};
    for (int i = 0; i < 2000; i++) {
        double z = fabs(drawn(&rng, 5)), u = drawn(&rng, 800), slope, other, steepest;
        double loss = binary(BCO_LOSS_KTO, 1, z, z + u, true, &slope);
        double down = binary(BCO_LOSS_KTO, 1, z, z - u, false, &other);
        binary(BCO_LOSS_KTO, 1, z, z, true, &steepest);
        assert_true(loss >= 0 && loss <= 1 && slope <= 0 && slope >= steepest);
        assert_near(down, loss, 1e-12);
        assert_near(other, -slope, 1e-12);
        assert_near(steepest, -0.25, 1e-15);
        if (fabs(u) > 50) assert_true(-slope < 1e-20);
    }
}

/* Every derivative is the slope of its loss. */
static void test_finite_differences(void **state) {
    (void)state;
    const enum bco_loss binaries[] = {BCO_LOSS_BCO, BCO_LOSS_BCE, BCO_LOSS_KTO, BCO_LOSS_SFT};
    struct bco_rng rng = {7, 3, 0};
    for (int i = 0; i < 4000; i++) {
        enum bco_loss loss = binaries[i % 4];
        double logp = drawn(&rng, 20), shift = drawn(&rng, 3), h = 1e-5, slope;
        bool up = i % 8 < 4;
        binary(loss, 0.3, shift, logp, up, &slope);
        double rise = binary(loss, 0.3, shift, logp + h, up, NULL) - binary(loss, 0.3, shift, logp - h, up, NULL);
        assert_near(rise / (2 * h), slope, 1e-8);
    }
}

static void test_finite_differences_of_pairs(void **state) {
    (void)state;
    const enum bco_loss losses[] = {BCO_LOSS_DPO, BCO_LOSS_IPO, BCO_LOSS_NCA};
    struct bco_rng rng = {7, 4, 0};
    for (int i = 0; i < 3000; i++) {
        double h = 1e-5, w[] = {drawn(&rng, 9), 0, 0, 0, 0}, l[] = {drawn(&rng, 9), 0, 0, 0, 0}, zero[5] = {0};
        double value[5], dw[5], dl[5];
        for (int k = 1; k < 5; k++)
            w[k] = w[0] + (k == 1 ? h : k == 2 ? -h : 0), l[k] = l[0] + (k == 3 ? h : k == 4 ? -h : 0);
        struct bco_loss_pairs pairs = {5, w, l, zero, zero, NULL};
        bco_loss_paired(losses[i % 3], 0.3, &pairs, value, dw, dl);
        assert_near((value[1] - value[2]) / (2 * h), dw[0], 1e-7);
        assert_near((value[3] - value[4]) / (2 * h), dl[0], 1e-7);
    }
}

static void test_weights_and_wrong_kinds(void **state) {
    (void)state;
    double logp[] = {1, -2}, weight[] = {0, 2.5}, losses[2], slopes[2], whole, slope;
    struct bco_loss_samples samples = {2, logp, NULL, NULL, weight};
    bco_loss_binary(BCO_LOSS_BCO, 0.1, 0.2, &samples, losses, slopes);
    whole = binary(BCO_LOSS_BCO, 0.1, 0.2, -2, true, &slope);
    assert_true(losses[0] == 0 && slopes[0] == 0);
    assert_true(losses[1] == 2.5 * whole && slopes[1] == 2.5 * slope);
    bco_loss_binary(BCO_LOSS_DPO, 0.1, 0.2, &samples, losses, slopes);
    assert_true(isnan(losses[1]) && isnan(slopes[1]));
    assert_null(bco_loss_name((enum bco_loss)99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_bounds_dpo),
        cmocka_unit_test(test_error_term),
        cmocka_unit_test(test_kto_ends),
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_finite_differences_of_pairs),
        cmocka_unit_test(test_weights_and_wrong_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

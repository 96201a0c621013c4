/* AdamW on arrays, against the same rule written out in double. */
#include "golden.h"

#include "align/adamw.h"
#include "base/mem.h"
#include "base/rng.h"

enum { COUNT = 1003, STEPS = 7 };

struct reference {
    double weight[COUNT], first[COUNT], second[COUNT];
};

static void reference_step(struct reference *r, const float *gradient, int t, double rate, double decay, double scale) {
    const double b1 = 0.9, b2 = 0.999;
    for (int i = 0; i < COUNT; i++) {
        double g = gradient[i] * scale;
        r->first[i] = b1 * r->first[i] + (1 - b1) * g;
        r->second[i] = b2 * r->second[i] + (1 - b2) * g * g;
        r->weight[i] -= rate * decay * r->weight[i];
        r->weight[i] -= rate / (1 - pow(b1, t)) * r->first[i] / (sqrt(r->second[i]) / sqrt(1 - pow(b2, t)) + 1e-8);
    }
}

static void test_follows_the_rule(void **state) {
    (void)state;
    static struct reference want;
    static float weight[COUNT], first[COUNT], second[COUNT], gradient[COUNT];
    struct bco_rng rng = {3, 3, 0};
    const double rate = 1e-2, decay = 0.1, scale = 0.5;
    for (int i = 0; i < COUNT; i++) want.weight[i] = weight[i] = (float)bco_rng_normal(&rng);
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < COUNT; i++) gradient[i] = i % 50 ? (float)bco_rng_normal(&rng) : 0;
        reference_step(&want, gradient, t, rate, decay, scale);
        struct bco_adamw_step step = {.gradient_scale = (float)scale,
                                      .keep = (float)(1 - rate * decay),
                                      .beta1 = 0.9f,
                                      .rest1 = 0.1f,
                                      .beta2 = 0.999f,
                                      .rest2 = 0.001f,
                                      .rate = (float)(rate / (1 - pow(0.9, t))),
                                      .second_root = (float)sqrt(1 - pow(0.999, t)),
                                      .epsilon = 1e-8f};
        bco_adamw_update(&step, COUNT, weight, gradient, first, second);
    }
    for (int i = 0; i < COUNT; i++) assert_near(weight[i], want.weight[i], 2e-6);
}

/* The first step of a plain Adam moves each weight by the rate, against its gradient's sign. */
static void test_first_step(void **state) {
    (void)state;
    float weight[] = {1, 1, 1}, gradient[] = {3, -1e-3f, 0}, first[3] = {0}, second[3] = {0};
    struct bco_adamw_step step = {1, 1, 0.9f, 0.1f, 0.999f, 0.001f, 0.01f / 0.1f, (float)sqrt(1 - 0.999), 1e-8f};
    bco_adamw_update(&step, 3, weight, gradient, first, second);
    assert_near(weight[0], 0.99, 1e-6);
    assert_near(weight[1], 1.01, 1e-6);
    assert_true(weight[2] == 1);
}

/* Any cut of an array gives the same bits: threads may take any piece. */
static void test_cuts(void **state) {
    (void)state;
    float whole[COUNT], cut[COUNT], gradient[COUNT], moments[4][COUNT] = {{0}};
    struct bco_rng rng = {3, 4, 0};
    struct bco_adamw_step step = {0.7f, 0.999f, 0.9f, 0.1f, 0.999f, 0.001f, 0.1f, 0.03f, 1e-8f};
    for (int i = 0; i < COUNT; i++)
        whole[i] = cut[i] = (float)bco_rng_normal(&rng), gradient[i] = (float)bco_rng_normal(&rng);
    bco_adamw_update(&step, COUNT, whole, gradient, moments[0], moments[1]);
    for (size_t from = 0; from < COUNT; from += 17) {
        size_t count = COUNT - from < 17 ? COUNT - from : 17;
        bco_adamw_update(&step, count, cut + from, gradient + from, moments[2] + from, moments[3] + from);
    }
    assert_memory_equal(whole, cut, sizeof whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_rule),
        cmocka_unit_test(test_first_step),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

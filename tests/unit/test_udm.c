/* Embeddings, and the regression of underlying distribution matching. */
#include "golden.h"

#include "align/ridge.h"
#include "base/rng.h"
#include "base/sigmoid.h"

#include <bco/model.h>

/* ---- embeddings: hidden states from which the head makes the model's own log-probs -------------- */

static struct bco_parameter head_of(struct bco_model *model) {
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        if (strstr(p.name, "lm_head") || strstr(p.name, "embed_tokens")) return p;
    }
    fail_msg("no head");
    return (struct bco_parameter){0};
}

static double logp_of(const struct bco_parameter *head, const double *hidden, int32_t target) {
    double sum = 0, chosen = 0;
    for (size_t v = 0; v < head->shape[0]; v++) {
        double logit = 0;
        for (size_t c = 0; c < head->shape[1]; c++) logit += (double)head->weight[v * head->shape[1] + c] * hidden[c];
        sum += exp(logit);
        if (v == (size_t)target) chosen = logit;
    }
    return chosen - log(sum);
}

static void test_embed(void **state) {
    (void)state;
    struct bco_model *model;
    const struct bco_model_options options = {.trainable = true, .threads = 1};
    yyjson_doc_free(golden_open("golden/train/bce.json"));
    assert_int_equal(bco_model_open(&model, shared_path("models/tinystories-656k"), &options, NULL), BCO_OK);
    size_t C = bco_model_channels(model), starts[] = {0, 1, 3}, prompts[] = {1, 2}, whole[] = {0, 2, 5};
    int32_t ids[] = {7, 7, 30}, with_next[] = {7, 30, 7, 30, 90};
    double *mean = malloc(2 * C * sizeof *mean), logp[2];
    const struct bco_batch batch = {2, starts, ids, NULL}, next = {2, whole, with_next, prompts};
    assert_int_equal(bco_model_embed(model, &batch, mean, NULL), BCO_OK);
    assert_int_equal(bco_model_logp(model, &next, logp, NULL, NULL), BCO_OK);
    const struct bco_parameter head = head_of(model);
    assert_near(logp_of(&head, mean, 30), logp[0], 1e-4);
    for (size_t c = 0; c < C; c++) mean[C + c] = 2 * mean[C + c] - mean[c]; /* of the second token alone */
    assert_near(logp_of(&head, mean + C, 90), logp[1], 1e-4);
    free(mean);
    bco_model_close(model);
}

/* ---- the regression ---------------------------------------------------------------------------------- */

/* The gradient vanishes where the objective is least, and it is convex. */
static void check_fit(size_t rows, size_t terms, double spread, double ridge, uint64_t seed) {
    struct bco_rng rng = {seed, 1, 0};
    double *x = malloc(rows * terms * sizeof *x), *up = malloc(rows * sizeof *up), *down = malloc(rows * sizeof *down),
           *w = malloc((terms + 1) * sizeof *w), *gradient = calloc(terms + 1, sizeof *gradient), size = 0;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < terms; j++) x[i * terms + j] = spread * (2 * bco_rng_uniform(&rng) - 1);
        bool is_up = bco_rng_uniform(&rng) < bco_sigmoid(x[i * terms] / spread);
        up[i] = is_up ? 1.5 : 0;
        down[i] = i % 5 == 0 || !is_up ? 0.5 : 0;
    }
    const struct bco_ridge data = {rows, terms, x, up, down, ridge};
    assert_int_equal(bco_ridge_fit(&data, w, NULL), BCO_OK);
    for (size_t i = 0; i < rows; i++) {
        double slope = (up[i] + down[i]) * bco_sigmoid(bco_ridge_logit(&data, w, i)) - up[i];
        for (size_t j = 0; j < terms; j++) {
            gradient[j] += slope * x[i * terms + j];
            size += fabs(slope * x[i * terms + j]);
        }
        gradient[terms] += slope;
    }
    for (size_t j = 0; j <= terms; j++) assert_near(gradient[j] + (j < terms ? ridge * w[j] : 0), 0, 1e-7 * size);
    free(x), free(up), free(down), free(w), free(gradient);
}

static void test_ridge(void **state) {
    (void)state;
    check_fit(300, 4, 1, 1, 1);
    check_fit(100, 200, 1, 1, 2);
    check_fit(500, 7, 1e4, 1, 3);
    check_fit(500, 7, 1e-4, 1e-6, 4);
    check_fit(50, 50, 10, 1e-3, 5);
}

/* Rows of zeros say nothing but how many there are. */
static void test_intercept(void **state) {
    (void)state;
    double x[3] = {0}, up[] = {1, 2, 0}, down[] = {0, 0, 6}, w[2];
    const struct bco_ridge data = {3, 1, x, up, down, 1};
    assert_int_equal(bco_ridge_fit(&data, w, NULL), BCO_OK);
    assert_near(w[0], 0, 1e-12);
    assert_near(w[1], log(3.0 / 6), 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_ridge),
        cmocka_unit_test(test_intercept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

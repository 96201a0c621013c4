/* What rewards are worth, against counting by hand; rewards of records through the library. */
#include <bco/reward.h>

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance)) fail_msg("got %.17g, expected %.17g", got, want);
}

static struct bco_scores *scores_of(const double *rewards, const bool *up, size_t count) {
    struct bco_scores *scores;
    assert_int_equal(bco_scores_new(&scores, NULL), BCO_OK);
    for (size_t i = 0; i < count; i++) assert_int_equal(bco_scores_add(scores, rewards[i], up[i], NULL), BCO_OK);
    return scores;
}

static void counts_by_hand(void **state) {
    static const double rewards[] = {0.5, -1, 0.5, 2, 0};
    static const bool up[] = {true, false, false, true, true};
    struct bco_scores *scores = scores_of(rewards, up, 5);
    struct bco_scores_summary s;
    (void)state;
    assert_int_equal(bco_scores_summarise(scores, 0, &s, NULL), BCO_OK);
    assert_true(s.n == 5 && s.up == 3 && s.down == 2 && s.pairs == 0 && isnan(s.pair_accuracy));
    near(s.reward_up, 2.5 / 3, 1e-15);
    near(s.reward_down, -0.25, 1e-15);
    near(s.accuracy, 0.6, 1e-15); /* 0 is not above 0 */
    near(s.auc, 4.5 / 6, 1e-15);  /* 0.5: 1 + 1/2; 2: 2; 0: 1 */
    near(s.best_threshold, 0, 0); /* four are right there, as at 2: three */
    near(s.best_accuracy, 0.8, 1e-15);
    assert_true(s.bins[2].n == 1 && s.bins[5].n == 1 && s.bins[6].n == 2 && s.bins[8].n == 1);
    near(s.bins[6].up, 0.5, 1e-15);
    near(s.bins[5].p, 0.5, 1e-15);
    double p1 = 1 / (1 + exp(1)), p6 = 1 / (1 + exp(-0.5)), p8 = 1 / (1 + exp(-2));
    near(s.ece, (p1 + 0.5 + 2 * fabs(0.5 - p6) + 1 - p8) / 5, 1e-15);
    bco_scores_free(scores);
}

/* Against the definitions themselves, many ties among them. */
static void ranks_as_defined(void **state) {
    struct bco_rng rng = {.seed = 4};
    (void)state;
    for (int round = 0; round < 50; round++) {
        double rewards[40], above = 0, best = 0, pairs = 0;
        bool up[40];
        size_t n = 2 + (size_t)bco_rng_below(&rng, 39);
        for (size_t i = 0; i < n; i++) {
            rewards[i] = (double)bco_rng_below(&rng, 7) - 3;
            up[i] = i == 0 || (i != 1 && bco_rng_uniform(&rng) < 0.4);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                if (!up[i] || up[j]) continue;
                pairs++;
                above += rewards[i] > rewards[j] ? 1 : rewards[i] == rewards[j] ? 0.5 : 0;
            }
        for (double t = -3; t <= 4; t++) {
            double right = 0;
            for (size_t i = 0; i < n; i++) right += (rewards[i] >= t) == up[i];
            best = fmax(best, right);
        }
        struct bco_scores *scores = scores_of(rewards, up, n);
        struct bco_scores_summary s;
        assert_int_equal(bco_scores_summarise(scores, 0, &s, NULL), BCO_OK);
        near(s.auc, above / pairs, 1e-12);
        near(s.best_accuracy, best / (double)n, 1e-12);
        double right = 0;
        for (size_t i = 0; i < n; i++) right += (!isnan(s.best_threshold) && rewards[i] >= s.best_threshold) == up[i];
        near(right, best, 0);
        bco_scores_free(scores);
    }
}

static void one_class_has_no_auc(void **state) {
    static const double rewards[] = {1, 2};
    static const bool up[] = {false, false};
    struct bco_scores *scores = scores_of(rewards, up, 2);
    struct bco_scores_summary s;
    (void)state;
    assert_int_equal(bco_scores_summarise(scores, 0, &s, NULL), BCO_OK);
    assert_true(isnan(s.auc) && isnan(s.reward_up) && isnan(s.best_threshold) && s.best_accuracy == 1);
    assert_int_equal(bco_scores_add(scores, NAN, true, NULL), BCO_EDATA);
    assert_int_equal(bco_scores_add_pair(scores, INFINITY, 0, NULL), BCO_EDATA);
    bco_scores_free(scores);
    assert_int_equal(bco_scores_new(&scores, NULL), BCO_OK);
    assert_int_equal(bco_scores_summarise(scores, 0, &s, NULL), BCO_OK);
    assert_true(s.n == 0 && isnan(s.accuracy) && isnan(s.ece) && isnan(s.auc) && isnan(s.best_accuracy));
    bco_scores_free(scores);
    bco_scores_free(NULL);
}

static void pairs_have_margins(void **state) {
    struct bco_scores *scores;
    struct bco_scores_summary s;
    (void)state;
    assert_int_equal(bco_scores_new(&scores, NULL), BCO_OK);
    assert_int_equal(bco_scores_add_pair(scores, 1, 0.5, NULL), BCO_OK);
    assert_int_equal(bco_scores_add_pair(scores, 1, 1, NULL), BCO_OK);
    assert_int_equal(bco_scores_add_pair(scores, -1, 1, NULL), BCO_OK);
    assert_int_equal(bco_scores_add_pair(scores, 3, 1, NULL), BCO_OK);
    assert_int_equal(bco_scores_summarise(scores, 0, &s, NULL), BCO_OK);
    assert_true(s.pairs == 4 && s.pair_ties == 1);
    near(s.pair_accuracy, 2.5 / 4, 1e-15);
    near(s.pair_margin, 0.5 / 4, 1e-15);
    bco_scores_free(scores);
}

/* ---- records ---------------------------------------------------------------------------- */

static const char demo[] = "examples/demo/model";

static enum bco_code rewards_of(const char *lines, const struct bco_reward *settings,
                                struct bco_scores_summary *summary, struct bco_reward_counts *counts,
                                struct bco_error *err) {
    struct bco_reward r = *settings;
    struct bco_model *model;
    struct bco_tokenizer *tokenizer;
    char path[] = "/tmp/bco-test-reward-XXXXXX";
    const char *paths[] = {path};
    const struct bco_reader_options jsonl = {.format = BCO_FORMAT_JSONL};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs(lines, file);
    fclose(file);
    assert_int_equal(bco_model_open(&model, demo, NULL, NULL), BCO_OK);
    assert_int_equal(bco_tokenizer_open(&tokenizer, demo, NULL), BCO_OK);
    assert_int_equal(bco_scores_new(&r.scores, NULL), BCO_OK);
    assert_int_equal(bco_reader_open(&r.reader, paths, 1, &jsonl, NULL), BCO_OK);
    r.model = model;
    r.tokenizer = tokenizer;
    enum bco_code code = bco_reward_run(&r, NULL, counts, err);
    if (!code) assert_int_equal(bco_scores_summarise(r.scores, 0, summary, NULL), BCO_OK);
    bco_reader_close(r.reader);
    bco_scores_free(r.scores);
    bco_tokenizer_close(tokenizer);
    bco_model_close(model);
    remove(path);
    return code;
}

#define UP                                                                                                             \
    "{\"prompt\":\"How do I reset my clock?\",\"completion\":\"To reset the clock.\",\"label\":true,\"ref_logp\":"
#define DOWN "{\"prompt\":\"How do I reset my clock?\",\"completion\":\"Go away.\",\"label\":false,\"ref_logp\":"

static void rewards_are_linear(void **state) {
    static const char zero[] = UP "0}\n" DOWN "0}\n", shifted[] = UP "-2}\n" DOWN "3}\n";
    struct bco_reward settings = {.limits = {.bos = true, .eos = true}};
    struct bco_scores_summary a, b;
    struct bco_reward_counts counts;
    struct bco_error err;
    (void)state;
    assert_int_equal(rewards_of(zero, &settings, &a, &counts, &err), BCO_OK);
    assert_true(counts.in == 2 && counts.out == 2 && counts.up == 1 && counts.down == 1 && counts.tokens > 4);
    assert_true(a.reward_up < 0 && a.reward_down < a.reward_up);
    settings.beta = 0.5; /* instead of 0.1 */
    settings.batch_tokens = 1;
    assert_int_equal(rewards_of(shifted, &settings, &b, &counts, &err), BCO_OK);
    near(b.reward_up, 5 * a.reward_up + 1, 1e-4);
    near(b.reward_down, 5 * a.reward_down - 1.5, 1e-4);
}

static void refuses_what_has_no_reference(void **state) {
    static const char none[] = "{\"prompt\":\"a\",\"completion\":\"b\"}\n";
    const struct bco_reward settings = {.limits = {.bos = true, .eos = true}};
    struct bco_scores_summary s;
    struct bco_error err = {0};
    (void)state;
    assert_int_equal(rewards_of(none, &settings, &s, NULL, &err), BCO_EDATA);
    assert_string_equal(err.field, "ref_logp");
    assert_string_equal(err.message, "is missing: bco-refcache adds it");
    assert_int_equal(rewards_of("", &settings, &s, NULL, &err), BCO_EDATA);
    assert_string_equal(err.message, "no records");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_hand),       cmocka_unit_test(ranks_as_defined),
        cmocka_unit_test(one_class_has_no_auc), cmocka_unit_test(pairs_have_margins),
        cmocka_unit_test(rewards_are_linear),   cmocka_unit_test(refuses_what_has_no_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Win rates, their standard errors and intervals, and Student's t. */
#include <bco/winrate.h>

#include "base/rng.h"
#include "base/sigmoid.h"
#include "eval/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PI 3.14159265358979323846

static void near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance * fmax(1e-300, fabs(want)))) fail_msg("got %.17g, expected %.17g", got, want);
}

/* ---- Student's t ------------------------------------------------------------ */

static double closed_form(double p, int df) {
    double a = 4 * p * (1 - p), q;
    if (df == 1) return -1 / tan(PI * p);
    if (df == 2) return (2 * p - 1) * sqrt(2 / a);
    q = cos(acos(sqrt(a)) / 3) / sqrt(a); /* df 4 (Shaw 2006) */
    return (p < 0.5 ? -2 : 2) * sqrt(q - 1);
}

static void t_has_its_closed_forms(void **state) {
    static const double ps[] = {1e-9, 1e-4, 0.025, 0.2, 0.49, 0.6, 0.9, 0.975, 0.9995};
    (void)state;
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
        near(bco_t_quantile(ps[i], 1), closed_form(ps[i], 1), 1e-9);
        near(bco_t_quantile(ps[i], 2), closed_form(ps[i], 2), 1e-9);
        near(bco_t_quantile(ps[i], 4), closed_form(ps[i], 4), 1e-7); /* the closed form cancels near 1/2 */
    }
}

static void t_has_its_table_values(void **state) {
    static const struct {
        double p, df, t;
    } table[] = {{0.975, 3, 3.18244630528},     {0.975, 5, 2.57058183564},     {0.975, 10, 2.22813885199},
                 {0.995, 30, 2.74999565357},    {0.9, 7, 1.41492392765},       {0.975, 99, 1.98421695159},
                 {0.975, 804, 1.96291894195},   {0.005, 12.5, -3.03243665287}, {0.975, 10000, 1.96020123989},
                 {0.975, 1e+06, 1.95996635681}, {0.6, 59, 0.254492534345},     {0.6, 61, 0.254454884706},
                 {0.9999, 20, 4.53852085379},   {0.75, 0.5, 1.55377397403}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        near(bco_t_quantile(table[i].p, table[i].df), table[i].t, 1e-9);
}

static void t_refuses_what_is_no_probability(void **state) {
    (void)state;
    assert_true(isnan(bco_t_quantile(0, 5)));
    assert_true(isnan(bco_t_quantile(1, 5)));
    assert_true(isnan(bco_t_quantile(NAN, 5)));
    assert_true(isnan(bco_t_quantile(0.5, 0)));
    assert_true(bco_t_quantile(0.5, 7) < 1e-15);
}

/* ---- collections ------------------------------------------------------------- */

static enum bco_code add(struct bco_verdicts *verdicts, const char *json, struct bco_error *err) {
    struct bco_record *record;
    assert_int_equal(bco_record_parse(&record, json, strlen(json), err), BCO_OK);
    enum bco_code code = bco_verdicts_add(verdicts, record, err);
    bco_record_free(record);
    return code;
}

static struct bco_verdicts *collect(const char *by, size_t count, const char *const *lines) {
    struct bco_verdicts *verdicts;
    struct bco_error err = {0};
    assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS_AUTO, by, &err), BCO_OK);
    for (size_t i = 0; i < count; i++)
        if (add(verdicts, lines[i], &err)) fail_msg("%s: %s", lines[i], err.message);
    return verdicts;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Three prompts: (1, 1/2), (0), (1, 1, 0): mean 3.5/6; residual sums 1/3, -7/12, 1/4. */
static const char *const clustered[] = {
    "{\"prompt\":\"p\",\"winner\":\"a\"}", "{\"prompt\":\"p\",\"winner\":\"tie\"}",
    "{\"prompt\":\"q\",\"winner\":\"b\"}", "{\"prompt\":\"r\",\"winner\":\"a\"}",
    "{\"prompt\":\"r\",\"winner\":\"a\"}", "{\"prompt\":\"r\",\"winner\":\"b\"}",
    "{\"prompt\":\"s\",\"winner\":null}",
};

static void clusters_by_prompt(void **state) {
    struct bco_winrate w;
    struct bco_verdicts *verdicts = collect(NULL, COUNT(clustered), clustered);
    (void)state;
    assert_int_equal(bco_winrate(verdicts, 0, NULL, &w, NULL), BCO_OK);
    double error = sqrt(3.0 / 2 * (1.0 / 9 + 49.0 / 144 + 1.0 / 16)) / 6;
    assert_int_equal(w.n, 6);
    assert_int_equal(w.wins, 3);
    assert_int_equal(w.ties, 1);
    assert_int_equal(w.losses, 2);
    assert_int_equal(w.invalid, 1);
    assert_int_equal(w.clusters, 3);
    near(w.win_rate, 350.0 / 6, 1e-12);
    near(w.standard_error, 100 * error, 1e-12);
    assert_true(w.low == 0 && w.high == 100); /* t with 2 degrees of freedom, cut */
    assert_int_equal(bco_verdicts_repeated(verdicts), 1);
    const struct bco_winrate_options iid = {.standard_error = BCO_SE_IID, .level = 0.5};
    assert_int_equal(bco_winrate(verdicts, 0, &iid, &w, NULL), BCO_OK);
    error = 100 * sqrt((3 * 25 / 144.0 + 1 / 144.0 + 2 * 49 / 144.0) / 5 / 6);
    near(w.standard_error, error, 1e-12);
    near(w.high, w.win_rate + bco_t_quantile(0.75, 5) * error, 1e-12);
    bco_verdicts_free(verdicts);
}

static void groups_by_a_field(void **state) {
    static const char *const lines[] = {"{\"prompt\":\"p\",\"winner\":\"a\",\"kind\":\"x\"}",
                                        "{\"prompt\":\"p\",\"winner\":\"b\",\"kind\":7}",
                                        "{\"prompt\":\"q\",\"winner\":\"a\",\"kind\":\"x\"}"};
    struct bco_winrate w;
    struct bco_verdicts *verdicts = collect("kind", COUNT(lines), lines);
    (void)state;
    assert_int_equal(bco_verdicts_groups(verdicts), 2);
    assert_string_equal(bco_verdicts_group(verdicts, 0), "\"x\"");
    assert_string_equal(bco_verdicts_group(verdicts, 1), "7");
    assert_int_equal(bco_winrate(verdicts, 0, NULL, &w, NULL), BCO_OK);
    assert_int_equal(w.clusters, 2);
    assert_true(w.win_rate == 100 && w.standard_error == 0);
    assert_int_equal(bco_winrate(verdicts, 1, NULL, &w, NULL), BCO_OK);
    assert_int_equal(w.clusters, 1);
    assert_true(isnan(w.standard_error) && w.low == 0 && w.high == 100);
    bco_verdicts_free(verdicts);
}

static void reads_annotations(void **state) {
    static const char *const lines[] = {
        "{\"instruction\":\"p\",\"preference\":1.25}", "{\"instruction\":\"q\",\"preference\":0}",
        "{\"instruction\":\"r\",\"preference\":\"2.0\"}", "{\"instruction\":\"s\",\"preference\":null}",
        "{\"instruction\":\"t\",\"preference\":\"\"}"};
    struct bco_winrate w;
    struct bco_verdicts *verdicts = collect(NULL, COUNT(lines), lines);
    (void)state;
    assert_int_equal(bco_winrate(verdicts, 0, NULL, &w, NULL), BCO_OK);
    assert_int_equal(w.n, 3);
    assert_int_equal(w.wins, 1);
    assert_int_equal(w.ties, 1);
    assert_int_equal(w.losses, 1);
    assert_int_equal(w.invalid, 2);
    near(w.win_rate, 175.0 / 3, 1e-12);
    bco_verdicts_free(verdicts);
}

static void refuses_what_is_no_verdict(void **state) {
    static const struct {
        const char *line, *field, *message;
    } table[] = {
        {"{\"prompt\":\"p\",\"winner\":\"c\"}", "winner",
         "unknown winner, got 'c', expected a, b, tie, null or A>>B, A>B, A=B, B>A, B>>A"},
        {"{\"prompt\":\"p\",\"winner\":\"A\"}", "winner",
         "unknown winner, got 'A', expected a, b, tie, null or A>>B, A>B, A=B, B>A, B>>A"},
        {"{\"prompt\":\"p\",\"winner\":1}", "winner", "not a text, got '1', expected a, b, tie or null"},
        {"{\"winner\":\"a\"}", "prompt", "missing, but verdicts are grouped by it"},
        {"{\"prompt\":\"p\"}", "winner", "missing, expected a, b, tie or null"},
    };
    struct bco_verdicts *verdicts;
    struct bco_error err = {0};
    (void)state;
    bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, &err);
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(add(verdicts, table[i].line, &err), BCO_EDATA);
        assert_string_equal(err.field, table[i].field);
        assert_string_equal(err.message, table[i].message);
    }
    assert_int_equal(bco_verdicts_groups(verdicts), 0);
    bco_verdicts_free(verdicts);
}

static void refuses_preferences_out_of_range(void **state) {
    struct bco_verdicts *verdicts;
    struct bco_error err = {0};
    (void)state;
    bco_verdicts_new(&verdicts, BCO_VERDICTS_AUTO, NULL, &err);
    assert_int_equal(add(verdicts, "{\"x\":1}", &err), BCO_EDATA);
    assert_int_equal(add(verdicts, "{\"preference\":2.5}", &err), BCO_EDATA);
    assert_string_equal(err.message, "got 2.5, expected 1 to 2, 0 or null");
    assert_int_equal(add(verdicts, "{\"preference\":\"1.5,\\\"x\\\":2\"}", &err), BCO_EDATA);
    bco_verdicts_free(verdicts);
}

static void nothing_valid_is_an_error(void **state) {
    static const char *const lines[] = {"{\"prompt\":\"p\",\"winner\":null}"};
    struct bco_winrate w;
    struct bco_error err = {0};
    struct bco_verdicts *verdicts = collect(NULL, 1, lines);
    (void)state;
    assert_int_equal(bco_winrate(verdicts, 0, NULL, &w, &err), BCO_EDATA);
    assert_string_equal(err.message, "no valid verdict, 1 invalid");
    bco_verdicts_free(verdicts);
}

/* ---- intervals ---------------------------------------------------------------- */

/* A share `easy` of prompts is won with probability `high`, the others with `low`: that is what a prompt's verdicts
 * share. */
struct world {
    double easy, high, low;
    int verdicts; /* a prompt */
};

static struct bco_verdicts *simulate_in(const struct world *world, struct bco_rng *rng, size_t prompts) {
    struct bco_verdicts *verdicts;
    assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL), BCO_OK);
    for (size_t i = 0; i < prompts; i++) {
        double p = bco_rng_uniform(rng) < world->easy ? world->high : world->low;
        for (int j = 0; j < world->verdicts; j++) {
            char line[80];
            snprintf(line, sizeof line, "{\"prompt\":%zu,\"winner\":\"%s\"}", i, bco_rng_uniform(rng) < p ? "a" : "b");
            assert_int_equal(add(verdicts, line, NULL), BCO_OK);
        }
    }
    return verdicts;
}

static struct bco_verdicts *simulate(struct bco_rng *rng, size_t prompts) {
    return simulate_in(&(struct world){0.6, 0.9, 0.1, 2}, rng, prompts); /* mean 0.58 */
}

static void intervals_cover(void **state) {
    struct bco_rng rng = {.seed = 7};
    int clustered_hits = 0, iid_hits = 0, bootstrap_hits = 0, rounds = 400;
    (void)state;
    for (int i = 0; i < rounds; i++) {
        struct bco_verdicts *verdicts = simulate(&rng, 40);
        struct bco_winrate w;
        bco_winrate(verdicts, 0, &(struct bco_winrate_options){0}, &w, NULL);
        clustered_hits += w.low <= 58 && 58 <= w.high;
        bco_winrate(verdicts, 0, &(struct bco_winrate_options){.standard_error = BCO_SE_IID}, &w, NULL);
        iid_hits += w.low <= 58 && 58 <= w.high;
        bco_winrate(verdicts, 0, &(struct bco_winrate_options){.bootstrap = 300, .seed = 1, .threads = 1}, &w, NULL);
        bootstrap_hits += w.low <= 58 && 58 <= w.high;
        bco_verdicts_free(verdicts);
    }
    /* 95 % of 400 is 380 with a standard deviation of 4.4; verdicts that hang together make iid too narrow. */
    assert_in_range(clustered_hits, 362, 396);
    assert_in_range(bootstrap_hits, 358, 396);
    assert_true(iid_hits < clustered_hits - 10);
}

static void bootstrap_is_seeded_and_knows_no_threads(void **state) {
    struct bco_rng rng = {.seed = 3};
    struct bco_verdicts *verdicts = simulate(&rng, 100);
    struct bco_winrate one, four, other;
    (void)state;
    bco_winrate(verdicts, 0, &(struct bco_winrate_options){.bootstrap = 999, .seed = 5, .threads = 1}, &one, NULL);
    bco_winrate(verdicts, 0, &(struct bco_winrate_options){.bootstrap = 999, .seed = 5, .threads = 4}, &four, NULL);
    bco_winrate(verdicts, 0, &(struct bco_winrate_options){.bootstrap = 999, .seed = 6}, &other, NULL);
    assert_true(one.low == four.low && one.high == four.high);
    assert_true(one.low != other.low || one.high != other.high);
    assert_true(one.low < one.win_rate && one.win_rate < one.high);
    bco_verdicts_free(verdicts);
}

static double binomial(size_t n, size_t k, double p) {
    double log_ways = lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
    return exp(log_ways + (double)k * log(p) + (double)(n - k) * log1p(-p));
}

/* The exact coverage for n prompts with one verdict each: over every number of wins there can be. */
static double coverage(enum bco_interval interval, size_t n, double share) {
    double covered = 0;
    for (size_t wins = 0; wins <= n; wins++) {
        struct bco_verdicts *verdicts;
        struct bco_winrate w;
        assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL), BCO_OK);
        for (size_t i = 0; i < n; i++) {
            char line[80];
            snprintf(line, sizeof line, "{\"prompt\":%zu,\"winner\":\"%s\"}", i, i < wins ? "a" : "b");
            assert_int_equal(add(verdicts, line, NULL), BCO_OK);
        }
        bco_winrate(verdicts, 0, &(struct bco_winrate_options){.interval = interval}, &w, NULL);
        if (w.low <= 100 * share && 100 * share <= w.high) covered += binomial(n, wins, share);
        bco_verdicts_free(verdicts);
    }
    return covered;
}

static void few_prompts_are_covered(void **state) {
    (void)state;
    near(coverage(BCO_INTERVAL_T, 10, 0.5), 0.978515625, 1e-9);
    near(coverage(BCO_INTERVAL_WILSON, 10, 0.5), 0.978515625, 1e-9);
    near(coverage(BCO_INTERVAL_T, 10, 0.9), 0.6496866225, 1e-9); /* ten wins of ten have no spread */
    near(coverage(BCO_INTERVAL_WILSON, 10, 0.9), 0.9298091736, 1e-9);
    near(coverage(BCO_INTERVAL_T, 40, 0.8), 0.9161696506765863, 1e-9);
    near(coverage(BCO_INTERVAL_WILSON, 40, 0.8), 0.928296283163932, 1e-9);
}

/* How many of 1000 intervals of 95 % hold the truth. */
static int covered(const struct world *world, size_t prompts, enum bco_interval interval, enum bco_standard_error se) {
    const struct bco_winrate_options options = {.interval = interval, .standard_error = se};
    double truth = 100 * (world->easy * world->high + (1 - world->easy) * world->low);
    struct bco_rng rng = {.seed = 17};
    int hits = 0;
    for (int i = 0; i < 1000; i++) {
        struct bco_verdicts *verdicts = simulate_in(world, &rng, prompts);
        struct bco_winrate w;
        assert_int_equal(bco_winrate(verdicts, 0, &options, &w, NULL), BCO_OK);
        hits += w.low <= truth && truth <= w.high;
        bco_verdicts_free(verdicts);
    }
    return hits;
}

/* Four verdicts a prompt: two completions in both orders. The table stands in bco-evaluation(7). */
static void verdicts_that_hang_together_are_covered(void **state) {
    static const struct {
        struct world world;
        size_t prompts;
        int t, wilson, iid; /* of 1000; 950 has a standard deviation of 7 */
    } table[] = {
        {{0.5, 0.9, 0.1, 4}, 10, 945, 936, 777},
        {{0.5, 0.9, 0.1, 4}, 40, 950, 949, 763},
        {{0.85, 0.98, 0.4, 4}, 10, 795, 958, 783},
        {{0.85, 0.98, 0.4, 4}, 40, 919, 928, 783},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct world *world = &table[i].world;
        size_t prompts = table[i].prompts;
        assert_in_range(covered(world, prompts, BCO_INTERVAL_T, BCO_SE_CLUSTER), table[i].t - 3, table[i].t + 3);
        assert_in_range(covered(world, prompts, BCO_INTERVAL_WILSON, BCO_SE_CLUSTER), table[i].wilson - 3,
                        table[i].wilson + 3);
        assert_in_range(covered(world, prompts, BCO_INTERVAL_WILSON, BCO_SE_IID), table[i].iid - 3, table[i].iid + 3);
    }
}

static void wilson_has_its_closed_form(void **state) {
    static const char *const lines[] = {"{\"prompt\":1,\"winner\":\"a\"}", "{\"prompt\":2,\"winner\":\"a\"}",
                                        "{\"prompt\":3,\"winner\":\"a\"}", "{\"prompt\":4,\"winner\":\"b\"}"};
    const struct bco_winrate_options wilson = {.interval = BCO_INTERVAL_WILSON};
    struct bco_winrate w;
    (void)state;
    struct bco_verdicts *verdicts = collect(NULL, COUNT(lines), lines);
    assert_int_equal(bco_winrate(verdicts, 0, &wilson, &w, NULL), BCO_OK);
    near(w.low, 30.0641842582402, 1e-5); /* 3 of 4, as R's prop.test(3, 4, correct = FALSE) */
    near(w.high, 95.4412739197065, 1e-5);
    bco_verdicts_free(verdicts);
    verdicts = collect(NULL, 3, lines);
    assert_int_equal(bco_winrate(verdicts, 0, &wilson, &w, NULL), BCO_OK);
    near(w.low, 43.8503, 1e-5); /* 3 of 3: n/(n + z^2) */
    assert_true(w.high == 100);
    bco_verdicts_free(verdicts);
}

/* ---- strong verdicts, comparisons, sizes ------------------------------------------------ */

static void strong_verdicts_weigh(void **state) {
    static const char *const lines[] = {"{\"prompt\":1,\"winner\":\"A>>B\"}", "{\"prompt\":2,\"winner\":\"B>A\"}",
                                        "{\"prompt\":3,\"winner\":\"A=B\"}"};
    struct bco_verdicts *verdicts;
    struct bco_winrate w;
    (void)state;
    bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL);
    bco_verdicts_weigh_strong(verdicts, 3);
    for (size_t i = 0; i < COUNT(lines); i++) assert_int_equal(add(verdicts, lines[i], NULL), BCO_OK);
    assert_int_equal(bco_winrate(verdicts, 0, NULL, &w, NULL), BCO_OK);
    assert_true(w.n == 3 && w.wins == 1 && w.ties == 1 && w.losses == 1 && w.strong == 1);
    near(w.win_rate, 70, 1e-12); /* (3 + 1/2) / 5 */
    near(w.standard_error, 100 * sqrt(1.5 * (0.81 + 0.49 + 0.04)) / 5, 1e-12);
    const struct bco_winrate_options iid = {.standard_error = BCO_SE_IID};
    double clustered_error = w.standard_error;
    assert_int_equal(bco_winrate(verdicts, 0, &iid, &w, NULL), BCO_OK);
    near(w.standard_error, clustered_error, 1e-12);
    bco_verdicts_free(verdicts);
}

static void compares_by_prompt(void **state) {
    static const char *const here[] = {"{\"prompt\":\"p\",\"winner\":\"a\"}", "{\"prompt\":\"q\",\"winner\":\"a\"}",
                                       "{\"prompt\":\"q\",\"winner\":\"tie\"}", "{\"prompt\":\"r\",\"winner\":\"b\"}",
                                       "{\"prompt\":\"s\",\"winner\":\"a\"}"};
    static const char *const there[] = {"{\"prompt\":\"r\",\"winner\":\"tie\"}", "{\"prompt\":\"q\",\"winner\":\"b\"}",
                                        "{\"prompt\":\"p\",\"winner\":\"a\"}", "{\"prompt\":\"t\",\"winner\":\"a\"}",
                                        "{\"prompt\":\"s\",\"winner\":null}"};
    struct bco_winrate_difference d;
    struct bco_error err;
    (void)state;
    struct bco_verdicts *a = collect(NULL, COUNT(here), here), *b = collect(NULL, COUNT(there), there);
    assert_int_equal(bco_winrate_compare(a, 0, b, 0, NULL, &d, &err), BCO_OK);
    assert_true(d.prompts == 3 && d.only_here == 1 && d.only_there == 1);
    near(d.difference, 100.0 / 12, 1e-12); /* 0, 75, -50 */
    near(d.deviation, sqrt((0.25 / 36 + 4.0 / 9 + 49.0 / 144) / 2 * 1e4), 1e-2);
    near(d.standard_error, d.deviation / sqrt(3), 1e-12);
    assert_true(d.low == -100 && d.high == 100); /* cut */
    const struct bco_winrate_options resampled = {.bootstrap = 500, .level = 0.8};
    assert_int_equal(bco_winrate_compare(a, 0, b, 0, &resampled, &d, &err), BCO_OK);
    assert_true(d.low >= -50 && d.high <= 75 && d.low < d.high);
    struct bco_verdicts *other = collect(NULL, 1, &there[3]);
    assert_int_equal(bco_winrate_compare(a, 0, other, 0, NULL, &d, &err), BCO_EDATA);
    assert_string_equal(err.message, "no prompt is judged on both sides");
    bco_verdicts_free(a);
    bco_verdicts_free(b);
    bco_verdicts_free(other);
}

static void sizes_are_the_textbooks(void **state) {
    (void)state;
    assert_true(bco_prompts_needed(50, 5, 0.95, 0.8) == 785);  /* 7.84888 * 100 */
    assert_true(bco_prompts_needed(50, 10, 0.95, 0.9) == 263); /* 10.50742 * 25 */
    assert_true(isnan(bco_prompts_needed(50, 0, 0.95, 0.8)));
    assert_true(isnan(bco_prompts_needed(NAN, 1, 0.95, 0.8)));
    assert_true(isnan(bco_prompts_needed(50, 1, 1, 0.8)));
}

/* ---- equal length ---------------------------------------------------------------------- */

static void newton_finds_the_summit(void **state) {
    static const double x[4][BCO_LOGISTIC_TERMS] = {{0.5, -1, 1}, {-0.25, 2, 1}, {0.75, 0.5, 1}, {-1, 1, 1}};
    static const double y[] = {1, 0.25, 0, 1}, weight[] = {1, 2, 1, 0.5};
    const struct bco_logistic data = {.rows = 4, .x = x, .y = y, .weight = weight, .ridge = {0.5, 0.25, 0}};
    double beta[BCO_LOGISTIC_TERMS] = {0};
    (void)state;
    assert_true(bco_logistic_fit(&data, beta));
    for (int j = 0; j < BCO_LOGISTIC_TERMS; j++) {
        double gradient = data.ridge[j] * beta[j];
        for (int i = 0; i < 4; i++) {
            double z = x[i][0] * beta[0] + x[i][1] * beta[1] + x[i][2] * beta[2];
            gradient += weight[i] * x[i][j] * (1 / (1 + exp(-z)) - y[i]);
        }
        assert_true(fabs(gradient) < 1e-6);
    }
}

static void newton_says_where_there_is_no_summit(void **state) {
    static const double x[2][BCO_LOGISTIC_TERMS] = {{0, 0, 1}, {0, 0, 1}};
    static const double y[] = {1, 1}, weight[] = {1, 1};
    const struct bco_logistic data = {.rows = 2, .x = x, .y = y, .weight = weight, .ridge = {1, 1, 0}};
    const struct bco_logistic no_ridge = {.rows = 2, .x = x, .y = y, .weight = weight};
    double beta[BCO_LOGISTIC_TERMS] = {0};
    (void)state;
    assert_false(bco_logistic_fit(&data, beta));
    memset(beta, 0, sizeof beta);
    assert_false(bco_logistic_fit(&no_ridge, beta));
    assert_true(bco_sigmoid(-800) == 0 && bco_sigmoid(800) == 1);
}

/* Verdicts of the model itself: longer answers win more often, A is longer on average. */
static struct bco_verdicts *simulate_lengths(struct bco_rng *rng, size_t prompts) {
    struct bco_verdicts *verdicts;
    assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL), BCO_OK);
    bco_verdicts_want_lengths(verdicts);
    for (size_t i = 0; i < prompts; i++) {
        char line[160];
        double more = floor(100 * bco_rng_normal(rng)) + 60;
        double p = bco_sigmoid(0.4 + 1.5 * tanh(more / 100)); /* 59.87 at equal length */
        snprintf(line, sizeof line, "{\"prompt\":%zu,\"winner\":\"%s\",\"length_a\":%.0f,\"length_b\":1000}", i,
                 bco_rng_uniform(rng) < p ? "a" : "b", 1000 + more);
        assert_int_equal(add(verdicts, line, NULL), BCO_OK);
    }
    return verdicts;
}

static void equal_length_is_covered(void **state) {
    struct bco_rng rng = {.seed = 21};
    const double truth = 100 * bco_sigmoid(0.4);
    int hits = 0, raw_hits = 0, rounds = 100;
    (void)state;
    for (int i = 0; i < rounds; i++) {
        struct bco_verdicts *verdicts = simulate_lengths(&rng, 150);
        struct bco_length_control l;
        struct bco_winrate w;
        const struct bco_length_options options = {.bootstrap = 200, .seed = 2, .threads = 1};
        assert_int_equal(bco_length_control(verdicts, 0, &options, &l, NULL), BCO_OK);
        assert_int_equal(l.state, BCO_LENGTH_FITTED);
        assert_true(l.weights.length < 0 && l.weights.difficulty == 0 && l.overlap > 0.3 && l.overlap < 0.8);
        hits += l.low <= truth && truth <= l.high;
        bco_winrate(verdicts, 0, NULL, &w, NULL);
        raw_hits += w.low <= truth && truth <= w.high;
        bco_verdicts_free(verdicts);
    }
    printf("equal length covered: %d of %d; by the raw win rate's interval: %d\n", hits, rounds, raw_hits);
    assert_in_range(hits, 87, 100);
    assert_true(raw_hits < 60);
}

static enum bco_length_state state_of(size_t count, const char *const *lines, struct bco_length_control *l) {
    struct bco_verdicts *verdicts;
    bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL);
    bco_verdicts_want_lengths(verdicts);
    for (size_t i = 0; i < count; i++) assert_int_equal(add(verdicts, lines[i], NULL), BCO_OK);
    assert_int_equal(bco_length_control(verdicts, 0, &(struct bco_length_options){.bootstrap = 50}, l, NULL), BCO_OK);
    bco_verdicts_free(verdicts);
    return l->state;
}

static void says_where_there_is_no_rate(void **state) {
    static const char *const longer[] = {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":9,\"length_b\":5}",
                                         "{\"prompt\":2,\"winner\":\"b\",\"length_a\":4,\"length_b\":5}",
                                         "{\"prompt\":3,\"winner\":\"a\",\"length_a\":7,\"length_b\":5}",
                                         "{\"prompt\":4,\"winner\":\"b\",\"length_a\":9,\"length_b\":5}"};
    static const char *const equal[] = {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":5,\"length_b\":5}",
                                        "{\"prompt\":2,\"winner\":\"b\",\"length_a\":7,\"length_b\":7}"};
    struct bco_length_control l;
    (void)state;
    assert_int_equal(state_of(1, longer, &l), BCO_LENGTH_ONE_OUTCOME);
    assert_true(isnan(l.win_rate) && isnan(l.low) && l.overlap == 0);
    assert_int_equal(state_of(3, longer, &l), BCO_LENGTH_SEPARATED);
    assert_true(isnan(l.win_rate) && fabs(l.overlap - 2.0 / 3) < 1e-12);
    assert_int_equal(state_of(4, longer, &l), BCO_LENGTH_FITTED);
    assert_true(l.win_rate > 0 && l.win_rate < 50);
    assert_int_equal(state_of(2, equal, &l), BCO_LENGTH_FITTED); /* the win rate itself */
    near(l.win_rate, 50, 1e-9);
    assert_true(l.overlap == 1 && l.failed > 0 && l.resamples == 50); /* one prompt twice has one outcome */
}

static void lengths_are_read(void **state) {
    static const struct {
        const char *line, *field, *message;
    } bad[] = {
        {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":9}", "length_b",
         "is missing, the record has prompt, winner, length_a"},
        {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":\"x\",\"length_b\":1}", "length_a", "not a number"},
        {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":null,\"length_b\":1}", "length_a", "empty, expected a number"},
        {"{\"prompt\":1,\"winner\":\"a\",\"length_a\":-1,\"length_b\":1}", "length_a", "got -1, expected a length"},
    };
    struct bco_verdicts *verdicts;
    struct bco_length_control l;
    struct bco_error err = {0};
    (void)state;
    bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL);
    bco_verdicts_want_lengths(verdicts);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(add(verdicts, bad[i].line, &err), BCO_EDATA);
        assert_string_equal(err.field, bad[i].field);
        assert_string_equal(err.message, bad[i].message);
    }
    assert_int_equal(add(verdicts, "{\"prompt\":1,\"winner\":null}", &err), BCO_OK);
    assert_int_equal(bco_length_control(verdicts, 0, NULL, &l, &err), BCO_EDATA);
    bco_verdicts_free(verdicts);
    bco_verdicts_new(&verdicts, BCO_VERDICTS_ALPACA, NULL, NULL);
    bco_verdicts_want_lengths(verdicts);
    assert_int_equal(add(verdicts, "{\"output_1\":\"\\u00e9\\u00e9\",\"output_2\":\"e\",\"preference\":2}", &err),
                     BCO_OK);
    assert_int_equal(add(verdicts, "{\"output_1\":\"e\",\"output_2\":\"ee\",\"preference\":1}", &err), BCO_OK);
    assert_int_equal(add(verdicts, "{\"output_1\":\"e\",\"output_2\":\"ee\",\"preference\":2}", &err), BCO_OK);
    const double one[] = {1};
    const struct bco_length_options few = {.difficulty = one, .difficulties = 1};
    assert_int_equal(bco_length_control(verdicts, 0, &few, &l, &err), BCO_EDATA);
    assert_string_equal(err.message, "verdicts on more instructions than there are difficulties, which are 1");
    assert_int_equal(bco_length_control(verdicts, 0, NULL, &l, &err), BCO_OK);
    near(l.overlap, 2.0 / 3, 1e-12);
    bco_verdicts_free(verdicts);
}

/* ---- AlpacaEval's published numbers ---------------------------------------------- */

static const char *shared_path(char *path, size_t size, const char *name) {
    const char *shared = getenv("BCO_SHARED");
    snprintf(path, size, "%s/winrate/%s", shared ? shared : "../shared", name);
    return path;
}

static struct bco_verdicts *read_preferences(const char *path) {
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_verdicts *verdicts;
    struct bco_error err;
    assert_int_equal(bco_reader_open(&reader, &path, 1, NULL, &err), BCO_OK);
    assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS_AUTO, "model", &err), BCO_OK);
    bco_verdicts_want_lengths(verdicts);
    while (bco_reader_next(reader, &record, &err) == BCO_OK && record)
        if (bco_verdicts_add(verdicts, record, &err)) fail_msg("%s", err.message);
    bco_reader_close(reader);
    return verdicts;
}

static double column(const struct bco_record *record, const char *field) {
    const char *text;
    size_t length;
    assert_true(bco_record_text(record, field, &text, &length));
    return strtod(text, NULL);
}

static void compare_equal_length(const struct bco_verdicts *verdicts, size_t group, const struct bco_record *published,
                                 const struct bco_length_options *difficulties) {
    struct bco_length_weights weights = {column(published, "glm_length"), column(published, "glm_difficulty"),
                                         column(published, "glm_not_gamed")};
    struct bco_length_options options = *difficulties;
    struct bco_length_control l;
    double value = column(published, "length_controlled_winrate");
    assert_int_equal(bco_length_control(verdicts, group, &options, &l, NULL), BCO_OK);
    assert_int_equal(l.state, BCO_LENGTH_FITTED);
    printf("%s: published %.2f, fitted %.2f (%.2f to %.2f)\n", bco_verdicts_group(verdicts, group), value, l.win_rate,
           l.low, l.high);
    assert_true(fabs(l.win_rate - value) < 1.5);
    assert_true(l.low <= value && value <= l.high);
    options.weights = &weights;
    assert_int_equal(bco_length_control(verdicts, group, &options, &l, NULL), BCO_OK);
    assert_int_equal(l.state, BCO_LENGTH_GIVEN);
    assert_true(fabs(l.win_rate - value) < 1e-6);
    assert_true(isnan(l.low) && isnan(l.standard_error));
}

static bool compare(const struct bco_verdicts *verdicts, const struct bco_record *published,
                    const struct bco_length_options *difficulties) {
    struct bco_winrate w;
    size_t length, i;
    char *name = bco_record_json(published, "model", &length);
    bool found = bco_verdicts_find(verdicts, name, &i);
    free(name);
    if (!found) return false;
    assert_int_equal(bco_winrate(verdicts, i, NULL, &w, NULL), BCO_OK);
    assert_true(fabs(w.win_rate - column(published, "win_rate")) < 1e-6);
    assert_true(fabs(w.standard_error - column(published, "standard_error")) < 1e-6);
    assert_true((double)w.n == column(published, "n_total"));
    assert_true((double)w.wins == column(published, "n_wins"));
    assert_true((double)w.losses == column(published, "n_wins_base"));
    assert_true((double)w.ties == column(published, "n_draws"));
    compare_equal_length(verdicts, i, published, difficulties);
    return true;
}

static void alpaca_eval_comes_out(void **state) {
    char path[4096], table[4096];
    double *difficulty;
    struct bco_length_options options = {.bootstrap = 400};
    struct bco_reader *reader;
    struct bco_record *record;
    size_t compared = 0;
    (void)state;
    FILE *file = fopen(shared_path(path, sizeof path, "alpaca_eval_preferences.csv.zst"), "r");
    if (!file) {
        printf("SKIP: no shared/winrate\n");
        skip();
    }
    fclose(file);
    struct bco_verdicts *verdicts = read_preferences(path);
    shared_path(path, sizeof path, "alpaca_eval_difficulty.csv");
    assert_int_equal(bco_difficulty_read(path, &difficulty, &options.difficulties, NULL), BCO_OK);
    assert_int_equal(options.difficulties, 805);
    options.difficulty = difficulty;
    const char *published = shared_path(table, sizeof table, "alpaca_eval_published.csv");
    assert_int_equal(bco_reader_open(&reader, &published, 1, NULL, NULL), BCO_OK);
    while (bco_reader_next(reader, &record, NULL) == BCO_OK && record) compared += compare(verdicts, record, &options);
    bco_reader_close(reader);
    bco_verdicts_free(verdicts);
    free(difficulty);
    assert_true(compared >= 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t_has_its_closed_forms),
        cmocka_unit_test(t_has_its_table_values),
        cmocka_unit_test(t_refuses_what_is_no_probability),
        cmocka_unit_test(clusters_by_prompt),
        cmocka_unit_test(groups_by_a_field),
        cmocka_unit_test(reads_annotations),
        cmocka_unit_test(refuses_what_is_no_verdict),
        cmocka_unit_test(refuses_preferences_out_of_range),
        cmocka_unit_test(nothing_valid_is_an_error),
        cmocka_unit_test(intervals_cover),
        cmocka_unit_test(bootstrap_is_seeded_and_knows_no_threads),
        cmocka_unit_test(few_prompts_are_covered),
        cmocka_unit_test(verdicts_that_hang_together_are_covered),
        cmocka_unit_test(wilson_has_its_closed_form),
        cmocka_unit_test(strong_verdicts_weigh),
        cmocka_unit_test(compares_by_prompt),
        cmocka_unit_test(sizes_are_the_textbooks),
        cmocka_unit_test(newton_finds_the_summit),
        cmocka_unit_test(newton_says_where_there_is_no_summit),
        cmocka_unit_test(equal_length_is_covered),
        cmocka_unit_test(says_where_there_is_no_rate),
        cmocka_unit_test(lengths_are_read),
        cmocka_unit_test(alpaca_eval_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

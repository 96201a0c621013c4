/* Win rates, their standard errors and intervals, and Student's t. */
#include <bco/winrate.h>

#include "base/rng.h"

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
        {"{\"prompt\":\"p\",\"winner\":\"c\"}", "winner", "unknown winner, got 'c', expected a, b, tie or null"},
        {"{\"prompt\":\"p\",\"winner\":\"A\"}", "winner", "unknown winner, got 'A', expected a, b, tie or null"},
        {"{\"prompt\":\"p\",\"winner\":1}", "winner", "not a text, expected a, b, tie or null"},
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

/* `prompts` prompts with two verdicts each that share the prompt's own probability. */
static struct bco_verdicts *simulate(struct bco_rng *rng, size_t prompts) {
    struct bco_verdicts *verdicts;
    assert_int_equal(bco_verdicts_new(&verdicts, BCO_VERDICTS, NULL, NULL), BCO_OK);
    for (size_t i = 0; i < prompts; i++) {
        double p = bco_rng_uniform(rng) < 0.6 ? 0.9 : 0.1; /* mean 0.58 */
        for (int j = 0; j < 2; j++) {
            char line[80];
            snprintf(line, sizeof line, "{\"prompt\":%zu,\"winner\":\"%s\"}", i, bco_rng_uniform(rng) < p ? "a" : "b");
            assert_int_equal(add(verdicts, line, NULL), BCO_OK);
        }
    }
    return verdicts;
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

static bool compare(const struct bco_verdicts *verdicts, const struct bco_record *published) {
    for (size_t i = 0; i < bco_verdicts_groups(verdicts); i++) {
        struct bco_winrate w;
        size_t length;
        char *name = bco_record_json(published, "model", &length);
        bool same = strcmp(name, bco_verdicts_group(verdicts, i)) == 0;
        free(name);
        if (!same) continue;
        assert_int_equal(bco_winrate(verdicts, i, NULL, &w, NULL), BCO_OK);
        assert_true(fabs(w.win_rate - column(published, "win_rate")) < 1e-6);
        assert_true(fabs(w.standard_error - column(published, "standard_error")) < 1e-6);
        assert_true((double)w.n == column(published, "n_total"));
        assert_true((double)w.wins == column(published, "n_wins"));
        assert_true((double)w.losses == column(published, "n_wins_base"));
        assert_true((double)w.ties == column(published, "n_draws"));
        return true;
    }
    return false;
}

static void alpaca_eval_comes_out(void **state) {
    char path[4096], table[4096];
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
    const char *published = shared_path(table, sizeof table, "alpaca_eval_published.csv");
    assert_int_equal(bco_reader_open(&reader, &published, 1, NULL, NULL), BCO_OK);
    while (bco_reader_next(reader, &record, NULL) == BCO_OK && record) compared += compare(verdicts, record);
    bco_reader_close(reader);
    bco_verdicts_free(verdicts);
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
        cmocka_unit_test(alpaca_eval_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

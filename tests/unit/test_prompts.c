/* Sequences with the same prompt in one batch against each of them alone: log-probs, scores and gradients, for
 * every family in $BCO_SHARED, with all weights, an adapter or a head being trained. */
#include <bco/model.h>

#include "nn/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_SEQUENCES = 12, MOST_TOKENS = 1024 };

static const char *const folders[] = {
    "gemma3",
    "gpt2",
    "granite",
    "llama-bias",
    "llama-gqa-tied",
    "llama-gqa-tied-bf16",
    "llama-rope-linear",
    "mistral",
    "mistral-sliding",
    "olmo2",
    "phi3",
    "phi3-partial",
    "qwen2",
    "qwen3",
    "smollm3",
};

enum { FOLDERS = sizeof folders / sizeof *folders };

/* ---- batches ------------------------------------------------------------------------------- */

/* A sequence: the first `prompt` tokens of text number `text`, and so many tokens of its own. */
struct spec {
    size_t text, prompt, completion;
};

struct texts {
    size_t sequences, starts[MOST_SEQUENCES + 1], prompt_len[MOST_SEQUENCES];
    int32_t ids[MOST_TOKENS];
};

static int32_t token(size_t seed, size_t i, size_t vocabulary) {
    uint32_t x = (uint32_t)(seed * 7919 + i) * 2654435761u;
    return (int32_t)((x ^ x >> 15) * 2246822519u % vocabulary);
}

static void make(struct texts *t, const struct spec *spec, size_t sequences, size_t vocabulary) {
    size_t n = 0;
    t->sequences = sequences;
    for (size_t b = 0; b < sequences; b++) {
        t->starts[b] = n;
        t->prompt_len[b] = spec[b].prompt;
        for (size_t i = 0; i < spec[b].prompt; i++) t->ids[n++] = token(spec[b].text, i, vocabulary);
        for (size_t i = 0; i < spec[b].completion; i++) t->ids[n++] = token(100 + b, i, vocabulary);
        assert_true(n <= MOST_TOKENS);
    }
    t->starts[sequences] = n;
}

static const struct spec two_of_one_token[] = {{0, 1, 9}, {0, 1, 20}};
static const struct spec four_long[] = {{0, 70, 1}, {0, 70, 5}, {0, 70, 50}, {0, 70, 20}};
/* Shared ones among others, not next to each other; a prompt that is the beginning of another; the same sequence twice.
 */
static const struct spec mixed[] = {{0, 12, 7}, {1, 30, 3}, {2, 5, 40}, {1, 30, 66}, {1, 29, 8}, {0, 12, 7},
                                    {3, 1, 1},  {1, 30, 1}, {0, 12, 4}, {2, 66, 2},  {2, 66, 9}, {4, 8, 8}};

static const struct named_batch {
    const char *name;
    const struct spec *spec;
    size_t sequences;
} batches[] = {
    {"one of one", four_long + 2, 1},
    {"two of one token", two_of_one_token, sizeof two_of_one_token / sizeof *two_of_one_token},
    {"four of a long prompt", four_long, sizeof four_long / sizeof *four_long},
    {"shared and unshared", mixed, sizeof mixed / sizeof *mixed},
};

enum { LAST_BATCH = sizeof batches / sizeof *batches - 1 };

/* ---- models --------------------------------------------------------------------------------- */

enum mode { FULL, LORA, HEAD };

/* NULL: the family has no such head. Weights of an adapter that are zero at first are set. */
static struct bco_model *open_model(const char *folder, enum mode mode, int threads) {
    char path[512];
    const char *shared = getenv("BCO_SHARED");
    struct bco_model_options options = {.trainable = true, .threads = threads, .seed = 3, .head = mode == HEAD};
    struct bco_model *model;
    struct bco_error err;
    snprintf(path, sizeof path, "%s/golden/models/%s", shared ? shared : "../shared", folder);
    if (access(path, R_OK) != 0) {
        print_message("SKIP: no %s\n", path);
        skip();
    }
    if (mode == LORA) options.lora_rank = 3, options.lora_alpha = 6;
    enum bco_code code = bco_model_open(&model, path, &options, &err);
    if (mode == HEAD && code == BCO_EUSAGE) return NULL;
    if (code != BCO_OK) fail_msg("%s: %s", folder, err.message);
    for (size_t i = 0; mode == LORA && i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        for (size_t k = 0; k < p.count; k++) p.weight[k] = 1e-4f * (float)(token(i, k, 2001) - 1000);
    }
    return model;
}

static const double slopes[MOST_SEQUENCES] = {0.7, -1.1, 0.4, 1.3, -0.6, 0.9, -0.3, 0.5, -0.8, 1.2, 0.2, -1.4};

static double slope(void *user, size_t b, double value) {
    (void)value;
    return slopes[*(const size_t *)user + b];
}

/* Log-probs or scores, and gradients. */
static void grad(struct bco_model *model, const struct texts *t, size_t first, size_t count, double *value) {
    size_t starts[MOST_SEQUENCES + 1];
    for (size_t b = 0; b <= count; b++) starts[b] = t->starts[first + b] - t->starts[first];
    struct bco_batch batch = {count, starts, t->ids + t->starts[first], t->prompt_len + first};
    enum bco_code code = bco_model_is_classifier(model)
                             ? bco_model_score_grad(model, &batch, slope, &first, value, NULL)
                             : bco_model_grad(model, &batch, slope, &first, value, NULL);
    assert_int_equal(code, BCO_OK);
}

static void forward(struct bco_model *model, const struct texts *t, double *value) {
    struct bco_batch batch = {t->sequences, t->starts, t->ids, t->prompt_len};
    enum bco_code code = bco_model_is_classifier(model) ? bco_model_score(model, &batch, value, NULL)
                                                        : bco_model_logp(model, &batch, value, NULL, NULL);
    assert_int_equal(code, BCO_OK);
}

/* All gradients, one behind the other; the caller frees them. */
static float *gradients(struct bco_model *model, size_t *count) {
    *count = 0;
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) *count += bco_model_parameter(model, i).count;
    float *all = calloc(*count, sizeof *all), *at = all;
    assert_non_null(all);
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        memcpy(at, p.gradient, p.count * sizeof *at);
        at += p.count;
    }
    return all;
}

/* ---- what must be equal ---------------------------------------------------------------------- */

struct difference {
    double value, gradient; /* relative: of a log-prob or a score, of the norm */
};

static double relative(const double *a, const double *b, size_t n) {
    double most = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(a[i] - b[i]));
        scale = fmax(scale, fabs(b[i]));
    }
    return most / scale;
}

static double relative_norm(const float *a, const float *b, size_t n) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        difference += d * d;
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / norm);
}

static void compare(struct bco_model *model, const struct texts *t, struct difference *most) {
    double alone[MOST_SEQUENCES], together[MOST_SEQUENCES], scored[MOST_SEQUENCES];
    size_t n;
    bco_model_zero_gradients(model);
    for (size_t b = 0; b < t->sequences; b++) grad(model, t, b, 1, &alone[b]);
    float *expected = gradients(model, &n);
    bco_model_zero_gradients(model);
    grad(model, t, 0, t->sequences, together);
    float *got = gradients(model, &n);
    forward(model, t, scored);
    most->value = fmax(most->value, relative(together, alone, t->sequences));
    most->value = fmax(most->value, relative(scored, alone, t->sequences));
    most->gradient = fmax(most->gradient, relative_norm(got, expected, n));
    free(got);
    free(expected);
}

/* One thread: every batch, in turns with recomputation and without; more threads: the last, with both. */
static void check_threads(const char *folder, enum mode mode, int threads, struct difference *most) {
    static struct texts t;
    struct bco_model *model = open_model(folder, mode, threads);
    if (!model) return;
    for (size_t k = threads > 1 ? LAST_BATCH : 0; k <= LAST_BATCH + 1; k++) {
        const struct named_batch *batch = &batches[k < LAST_BATCH ? k : LAST_BATCH];
        make(&t, batch->spec, batch->sequences, bco_model_vocabulary(model));
        bco_model_set_recompute(model, k % 2);
        compare(model, &t, most);
        if (most->value > 1e-5 || most->gradient > 3e-6)
            fail_msg("%s, mode %d, %s, %d threads: values differ by %.1e, gradients by %.1e", folder, (int)mode,
                     batch->name, threads, most->value, most->gradient);
    }
    bco_model_close(model);
}

static void check(enum mode mode, const char *what) {
    for (size_t f = 0; f < FOLDERS; f++) {
        struct difference most = {0, 0};
        check_threads(folders[f], mode, 1, &most);
        check_threads(folders[f], mode, 2, &most);
        check_threads(folders[f], mode, 5, &most);
        print_message("%s, %s: values differ by %.1e, gradients by %.1e\n", folders[f], what, most.value,
                      most.gradient);
    }
}

/* Rows that are computed: the prompts once, and all completions. */
static void rows(void **state) {
    static struct texts t;
    struct bco_model *model = open_model("llama-bias", FULL, 1);
    struct bco_pass pass;
    (void)state;
    make(&t, mixed, sizeof mixed / sizeof *mixed, bco_model_vocabulary(model));
    struct bco_batch batch = {t.sequences, t.starts, t.ids, t.prompt_len};
    assert_int_equal(bco_pass_open(&pass, model, &batch, false, NULL), BCO_OK);
    assert_int_equal(pass.T, t.starts[t.sequences] - 12 - 12 - 30 - 30 - 66);
    assert_int_equal(bco_pass_row(&pass, 1, 29), bco_pass_row(&pass, 3, 29));
    assert_int_equal(bco_pass_row(&pass, 1, 31), bco_pass_row(&pass, 1, 29) + 2);
    assert_int_equal(bco_pass_row(&pass, 3, 30), pass.starts[3]);
    assert_int_equal(bco_pass_row(&pass, 4, 0), pass.starts[4]);
    for (size_t b = 0; b < t.sequences; b++)
        for (size_t i = 0; i < t.starts[b + 1] - t.starts[b]; i++)
            assert_int_equal(pass.ids[bco_pass_row(&pass, b, i)], t.ids[t.starts[b] + i]);
    bco_pass_close(&pass);
    bco_model_close(model);
}

static void all_weights(void **state) {
    (void)state;
    check(FULL, "all weights");
}

static void adapters(void **state) {
    (void)state;
    check(LORA, "an adapter");
}

static void heads(void **state) {
    (void)state;
    check(HEAD, "a head");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(all_weights),
        cmocka_unit_test(adapters),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Adapters on adapters, and adapters with a classifier's head: what is saved is what was trained. */
#include "golden.h"

#include "nn/model.h"

#include <bco/bco.h>
#include <dirent.h>
#include <unistd.h>

enum { SEQUENCES = 2, PATH = 4400 };
static const int32_t ids[] = {5, 9, 17, 4, 33, 7, 8, 21, 2};
static const size_t starts[] = {0, 5, 9}, prompt_len[] = {2, 1};
static const struct bco_batch batch = {SEQUENCES, starts, ids, prompt_len};

static const char *model_path(const char *name) {
    static char path[4][PATH];
    static int next;
    char *to = path[next++ % 4];
    snprintf(to, PATH, "%s/%s", shared_path("golden/models"), name);
    return to;
}

static struct bco_model *open_with(const char *dir, struct bco_model_options options) {
    struct bco_error err = {0};
    struct bco_model *model = NULL;
    options.threads = 1;
    if (bco_model_open(&model, dir, &options, &err)) fail_msg("%s: %s", err.file, err.message);
    return model;
}

static void remove_folder(const char *dir) {
    char path[PATH];
    const struct dirent *entry;
    DIR *d = opendir(dir);
    while (d && (entry = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        unlink(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

/* Something in A and B, small and different everywhere; a head stays as it is. */
static void fill(struct bco_model *model) {
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        if (!strstr(p.name, "lora_")) continue;
        for (size_t k = 0; k < p.count; k++) p.weight[k] = 0.01f * (float)((k * 7 + i) % 11) - 0.05f;
    }
}

static void values(struct bco_model *model, double out[SEQUENCES]) {
    if (bco_model_is_classifier(model))
        assert_int_equal(bco_model_score(model, &batch, out, NULL), BCO_OK);
    else
        assert_int_equal(bco_model_logp(model, &batch, out, NULL, NULL), BCO_OK);
}

/* The model with the adapter that `trained` saves is `trained`, merged into a folder too. */
static void check_saved(struct bco_model *trained, const char *dir) {
    char adapter[] = "/tmp/bco-test-XXXXXX", whole[] = "/tmp/bco-test-XXXXXX";
    double want[SEQUENCES], got[SEQUENCES];
    const struct bco_merge merge = {.model = dir, .adapter = adapter, .out = whole, .dtype = BCO_DTYPE_F32};
    values(trained, want);
    assert_true(mkdtemp(adapter) && mkdtemp(whole));
    assert_int_equal(bco_model_save(trained, adapter, NULL), BCO_OK);
    assert_int_equal(bco_merge(&merge, NULL, NULL, NULL), BCO_OK);
    for (int way = 0; way < 3; way++) {
        struct bco_model_options options = {.adapter = way < 2 ? adapter : NULL, .trainable = way == 1};
        struct bco_model *again = open_with(way < 2 ? dir : whole, options);
        assert_int_equal(bco_model_is_classifier(again), bco_model_is_classifier(trained));
        values(again, got);
        for (int b = 0; b < SEQUENCES; b++) assert_near(got[b], want[b], 1e-5 * (1 + fabs(want[b])));
        bco_model_close(again);
    }
    remove_folder(adapter);
    remove_folder(whole);
}

/* ---- on a reference with its own ------------------------------------------------------------ */

static void check_stacked(const char *base, const char *adapter, const char *targets) {
    char path[PATH], under[PATH];
    double before[SEQUENCES], after[SEQUENCES];
    snprintf(path, sizeof path, "%s", model_path(base));
    snprintf(under, sizeof under, "%s", model_path(adapter));
    struct bco_model *reference = open_with(path, (struct bco_model_options){.adapter = under});
    struct bco_model *model = open_with(
        path, (struct bco_model_options){
                  .trainable = true, .adapter = under, .lora_rank = 3, .lora_alpha = 5, .lora_targets = targets});
    assert_int_equal(bco_model_fingerprint(model), bco_model_fingerprint(reference));
    values(reference, before);
    values(model, after);
    for (int b = 0; b < SEQUENCES; b++) assert_near(after[b], before[b], 1e-6 * fabs(before[b]));
    fill(model);
    values(model, after);
    assert_true(fabs(after[0] - before[0]) > 1e-3);
    check_saved(model, path);
    bco_model_close(model);
    bco_model_close(reference);
}

static void test_stacked(void **state) {
    (void)state;
    yyjson_doc_free(golden_open("golden/models/gpt2-lora/golden.json"));
    check_stacked("llama-gqa-tied", "llama-gqa-tied-lora", NULL);
    check_stacked("llama-gqa-tied", "llama-gqa-tied-lora", "down_proj,q_proj");
    check_stacked("llama-gqa-tied", "llama-gqa-tied-rslora", "o_proj");
    check_stacked("gpt2", "gpt2-lora", "c_fc");
}

/* ---- with a head ------------------------------------------------------------------------------ */

static double one(void *user, size_t b, double score) {
    (void)user, (void)score;
    return b == 0 ? 1 : -0.5;
}

static double objective(struct bco_model *model) {
    double score[SEQUENCES];
    values(model, score);
    return score[0] - 0.5 * score[1];
}

/* The change along the gradient is the gradient's norm. */
static void check_gradient(struct bco_model *model) {
    const double step = 1e-2;
    double side[2];
    bco_model_zero_gradients(model);
    assert_int_equal(bco_model_score_grad(model, &batch, one, NULL, NULL, NULL), BCO_OK);
    double norm = bco_model_gradient_norm(model);
    assert_true(norm > 0.01);
    for (int s = 0; s < 2; s++) {
        double way = (s ? -2 : 1) * step / norm;
        for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
            struct bco_parameter p = bco_model_parameter(model, i);
            for (size_t k = 0; k < p.count; k++) p.weight[k] += (float)(way * p.gradient[k]);
        }
        side[s] = objective(model);
    }
    assert_near((side[0] - side[1]) / (2 * step), norm, 1e-2 * norm);
}

static void check_head(const char *base, const char *adapter, bool halves) {
    char path[PATH];
    snprintf(path, sizeof path, "%s", model_path(base));
    struct bco_model_options options = {.trainable = true, .head = true, .seed = 3, .adapter = adapter};
    if (!adapter) options.lora_rank = 2, options.lora_alpha = 4;
    struct bco_model *model = open_with(path, options);
    size_t count = bco_model_parameter_count(model);
    assert_true(bco_model_is_classifier(model));
    assert_string_equal(bco_model_parameter(model, count - 1).name, "base_model.model.score.weight");
    assert_int_equal(model->base.halves != NULL, halves);
    if (!adapter) fill(model);
    check_gradient(model);
    check_saved(model, path);
    bco_model_close(model);
}

/* Of language models, of a classifier, whose head goes on, with an adapter that had none, and on 16 bits. */
static void test_head(void **state) {
    (void)state;
    yyjson_doc_free(golden_open("golden/models/gpt2-lora/golden.json"));
    check_head("llama-gqa-tied", NULL, false);
    check_head("gpt2", NULL, false);
    check_head("llama-seqcls", NULL, false);
    check_head("llama-gqa-tied", model_path("llama-gqa-tied-lora"), false);
    check_head("llama-gqa-tied-bf16", NULL, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stacked), cmocka_unit_test(test_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

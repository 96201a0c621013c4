/* Models against the golden values in $BCO_SHARED: log-probs, gradients, AdamW
 * steps; folders that must be refused; what must not change a log-prob. */
#include <bco/model.h>

#include "nn/decode.h"
#include "nn/half.h"
#include "nn/safetensors.h"
#include "nn/save.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <yyjson.h>

#define PATH_SIZE 512

static const char *shared(void) {
    const char *dir = getenv("BCO_SHARED");
    return dir ? dir : "../shared";
}

/* Parses a file of the shared folder; skips the test where it is missing. */
static yyjson_doc *golden(const char *path) {
    char full[2 * PATH_SIZE];
    snprintf(full, sizeof full, "%s/%s", shared(), path);
    yyjson_doc *doc = yyjson_read_file(full, 0, NULL, NULL);
    if (!doc) {
        print_message("SKIP: no %s\n", full);
        skip();
    }
    return doc;
}

/* `adapter`: a sibling folder, or NULL. */
static struct bco_model *open_adapted(const char *path, const char *adapter, bool trainable, int threads) {
    char full[2 * PATH_SIZE], lora[2 * PATH_SIZE], text[1024];
    struct bco_model_options options = {.trainable = trainable, .threads = threads, .adapter = adapter ? lora : NULL};
    struct bco_model *model;
    struct bco_error err;
    snprintf(full, sizeof full, "%s/%s", shared(), path);
    if (adapter) snprintf(lora, sizeof lora, "%s/golden/models/%s", shared(), adapter);
    if (bco_model_open(&model, full, &options, &err) == BCO_OK) return model;
    bco_error_format(&err, text, sizeof text);
    print_error("%s\n", text);
    fail();
    return NULL;
}

static struct bco_model *open_shared(const char *path, bool trainable, int threads) {
    return open_adapted(path, NULL, trainable, threads);
}

/* A golden folder: a model, or an adapter on the model that its golden.json names. */
static struct bco_model *open_golden(const char *folder, yyjson_val *root, bool trainable) {
    char path[PATH_SIZE];
    const char *base = yyjson_get_str(yyjson_obj_get(root, "base_model"));
    snprintf(path, sizeof path, "golden/models/%s", base ? base : folder);
    return open_adapted(path, base ? folder : NULL, trainable, 0);
}

/* A batch and what it owns. */
struct pack {
    struct bco_batch batch;
    size_t *starts, *prompt_len;
    int32_t *ids;
    double *logp, *expected;
};

static void pack_free(struct pack *pack) {
    free(pack->starts);
    free(pack->prompt_len);
    free(pack->ids);
    free(pack->logp);
    free(pack->expected);
}

static struct pack pack_new(size_t sequences, size_t tokens) {
    struct pack pack = {.starts = calloc(sequences + 1, sizeof(size_t)),
                        .prompt_len = calloc(sequences + 1, sizeof(size_t)),
                        .ids = calloc(tokens + 1, sizeof(int32_t)),
                        .logp = calloc(sequences + 1, sizeof(double)),
                        .expected = calloc(tokens + 1, sizeof(double))};
    assert_non_null(pack.expected);
    pack.batch = (struct bco_batch){0, pack.starts, pack.ids, pack.prompt_len};
    return pack;
}

static void pack_add(struct pack *pack, yyjson_val *ids, size_t prompt_len) {
    size_t i, count, b = pack->batch.sequences++, t = pack->starts[b];
    yyjson_val *id;
    yyjson_arr_foreach(ids, i, count, id) pack->ids[t++] = (int32_t)yyjson_get_int(id);
    pack->starts[b + 1] = t;
    pack->prompt_len[b] = prompt_len;
}

static struct pack pack_sequences(yyjson_val *sequences) {
    size_t i, count, j, terms, tokens = 0, n = 0;
    yyjson_val *sequence, *term;
    yyjson_arr_foreach(sequences, i, count, sequence) tokens += yyjson_arr_size(yyjson_obj_get(sequence, "ids"));
    struct pack pack = pack_new(yyjson_arr_size(sequences), tokens);
    yyjson_arr_foreach(sequences, i, count, sequence) {
        pack_add(&pack, yyjson_obj_get(sequence, "ids"), yyjson_get_uint(yyjson_obj_get(sequence, "prompt_len")));
        yyjson_arr_foreach(yyjson_obj_get(sequence, "token_logp"), j, terms, term) pack.expected[n++] =
            yyjson_get_num(term);
    }
    return pack;
}

static double greatest_difference(const double *a, const double *b, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

static size_t completion_tokens(const struct pack *pack) {
    size_t n = pack->starts[pack->batch.sequences];
    for (size_t b = 0; b < pack->batch.sequences; b++) n -= pack->prompt_len[b];
    return n;
}

static double token_difference(struct bco_model *model, struct pack *pack) {
    size_t n = completion_tokens(pack);
    double *got = calloc(n, sizeof *got);
    assert_int_equal(bco_model_logp(model, &pack->batch, pack->logp, got, NULL), BCO_OK);
    double difference = greatest_difference(got, pack->expected, n);
    free(got);
    return difference;
}

/* ---- real models ------------------------------------------------------------- */

static void check_real(const char *name, double tolerance) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "models/%s/golden_logprobs.json", name);
    yyjson_doc *doc = golden(path);
    snprintf(path, sizeof path, "models/%s", name);
    struct bco_model *model = open_shared(path, false, 0);
    yyjson_val *rows = yyjson_obj_get(yyjson_doc_get_root(doc), "rows"), *row, *term;
    size_t i, count, j, terms, n = 0;
    struct pack pack = pack_new(yyjson_arr_size(rows), 100000);
    yyjson_arr_foreach(rows, i, count, row) {
        pack_add(&pack, yyjson_obj_get(row, "ids"), 1);
        yyjson_arr_foreach(yyjson_obj_get(row, "logprobs"), j, terms, term) pack.expected[n++] = yyjson_get_num(term);
    }
    double difference = token_difference(model, &pack);
    print_message("%s: token_logp differs by %.1e\n", name, difference);
    assert_true(difference < tolerance);
    pack_free(&pack);
    bco_model_close(model);
    yyjson_doc_free(doc);
}

static void real_models(void **state) {
    (void)state;
    check_real("stories260K", 5e-5);
    check_real("tinystories-656k", 5e-5);
}

/* ---- golden models ----------------------------------------------------------- */

struct bco_case {
    yyjson_val *labels, *ref_logp;
    double beta, delta, loss;
};

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* PAPER: l = -log sigma(+-(r - delta)), r = beta (logp - ref_logp); mean over the samples. */
static double bco_gradient(void *user, size_t b, double logp) {
    struct bco_case *c = user;
    double sign = yyjson_get_bool(yyjson_arr_get(c->labels, b)) ? 1 : -1;
    double u = sign * (c->beta * (logp - yyjson_get_num(yyjson_arr_get(c->ref_logp, b))) - c->delta);
    double n = (double)yyjson_arr_size(c->labels);
    c->loss += log1p(exp(-fabs(u))) / n + (u < 0 ? -u / n : 0);
    return -sign * sigmoid(-u) * c->beta / n;
}

static struct bco_case read_case(yyjson_val *root) {
    yyjson_val *bco = yyjson_obj_get(root, "bco");
    return (struct bco_case){yyjson_obj_get(bco, "labels"), yyjson_obj_get(bco, "ref_logp"),
                             yyjson_get_num(yyjson_obj_get(bco, "beta")), yyjson_get_num(yyjson_obj_get(bco, "delta")),
                             0};
}

/* Every tensor's gradient within 1e-4 of its norm or 1e-6; all within 1e-5. */
static void compare_gradients(struct bco_model *model, const char *folder) {
    char path[PATH_SIZE];
    struct bco_weights *weights;
    double squares = 0, norm = 0;
    snprintf(path, sizeof path, "%s/golden/models/%s/golden_grads.safetensors", shared(), folder);
    assert_int_equal(bco_weights_open_file(&weights, path, NULL), BCO_OK);
    assert_int_equal(bco_weights_count(weights), bco_model_parameter_count(model));
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        const struct bco_tensor *tensor = bco_weights_find(weights, p.name);
        if (!tensor || tensor->count != p.count) fail_msg("%s: no gradient of %s", folder, p.name);
        float *expected = calloc(p.count, sizeof *expected);
        assert_true(bco_tensor_read(tensor, 0, p.count, expected));
        double d = 0, own = 0, most = 0;
        for (size_t k = 0; k < p.count; k++) {
            double difference = (double)p.gradient[k] - (double)expected[k];
            d += difference * difference;
            own += (double)expected[k] * (double)expected[k];
            most = fmax(most, fabs(difference));
        }
        if (sqrt(d) > 1e-4 * sqrt(own) && most > 1e-6) fail_msg("%s: %s differs by %g", folder, p.name, most);
        squares += d;
        norm += own;
        free(expected);
    }
    print_message("%s: gradient differs by %.1e, relative\n", folder, sqrt(squares / norm));
    assert_true(sqrt(squares / norm) < 1e-5);
    bco_weights_close(weights);
}

/* PyTorch's AdamW, in double but for the moments. */
struct adamw {
    double lr, beta1, beta2, eps, decay;
    int step;
};

static void update(const struct adamw *a, const struct bco_parameter *p, float *m, float *v) {
    for (size_t i = 0; i < p->count; i++) {
        double g = (double)p->gradient[i];
        m[i] = (float)(a->beta1 * (double)m[i] + (1 - a->beta1) * g);
        v[i] = (float)(a->beta2 * (double)v[i] + (1 - a->beta2) * g * g);
        double denominator = sqrt((double)v[i] / (1 - pow(a->beta2, a->step))) + a->eps;
        double w = (double)p->weight[i] * (1 - a->lr * a->decay);
        p->weight[i] = (float)(w - a->lr / (1 - pow(a->beta1, a->step)) * (double)m[i] / denominator);
    }
}

/* Weight decay on every parameter, as the golden values have it. */
static void adamw_steps(struct bco_model *model, const struct pack *pack, struct bco_case *c, yyjson_val *settings,
                        int steps) {
    yyjson_val *betas = yyjson_obj_get(settings, "betas");
    struct adamw adamw = {yyjson_get_num(yyjson_obj_get(settings, "lr")),
                          yyjson_get_num(yyjson_arr_get(betas, 0)),
                          yyjson_get_num(yyjson_arr_get(betas, 1)),
                          yyjson_get_num(yyjson_obj_get(settings, "eps")),
                          yyjson_get_num(yyjson_obj_get(settings, "weight_decay")),
                          1};
    size_t count = bco_model_parameter_count(model);
    float **moments = calloc(2 * count, sizeof *moments);
    for (; adamw.step <= steps; adamw.step++) {
        bco_model_zero_gradients(model);
        assert_int_equal(bco_model_grad(model, &pack->batch, bco_gradient, c, NULL, NULL), BCO_OK);
        for (size_t i = 0; i < count; i++) {
            struct bco_parameter p = bco_model_parameter(model, i);
            if (adamw.step == 1) moments[2 * i] = calloc(p.count, sizeof(float));
            if (adamw.step == 1) moments[2 * i + 1] = calloc(p.count, sizeof(float));
            update(&adamw, &p, moments[2 * i], moments[2 * i + 1]);
        }
    }
    for (size_t i = 0; i < 2 * count; i++) free(moments[i]);
    free(moments);
}

static void check_adamw(const char *folder, struct pack *pack, yyjson_val *root, const char *key, int steps) {
    yyjson_val *settings = yyjson_obj_get(root, key), *logp = yyjson_obj_get(settings, "logp");
    if (!settings) return;
    struct bco_model *model = open_golden(folder, root, true);
    struct bco_case c = read_case(root);
    adamw_steps(model, pack, &c, yyjson_obj_get(settings, "lr") ? settings : yyjson_obj_get(root, "adamw"), steps);
    assert_int_equal(bco_model_logp(model, &pack->batch, pack->logp, NULL, NULL), BCO_OK);
    double most = 0;
    for (size_t b = 0; b < pack->batch.sequences; b++)
        most = fmax(most, fabs(pack->logp[b] - yyjson_get_num(yyjson_arr_get(logp, b))));
    print_message("%s: after %d steps logp differs by %.1e\n", folder, steps, most);
    assert_true(most < 1e-3);
    bco_model_close(model);
}

static void check_gradient(const char *folder, struct pack *pack, yyjson_val *root) {
    struct bco_model *model = open_golden(folder, root, true);
    struct bco_case c = read_case(root);
    yyjson_val *bco = yyjson_obj_get(root, "bco");
    assert_int_equal(bco_model_grad(model, &pack->batch, bco_gradient, &c, NULL, NULL), BCO_OK);
    assert_true(fabs(c.loss - yyjson_get_num(yyjson_obj_get(bco, "mean_loss"))) < 1e-5);
    double norm = yyjson_get_num(yyjson_obj_get(bco, "grad_norm"));
    assert_true(fabs(bco_model_gradient_norm(model) - norm) < 1e-5 * norm);
    compare_gradients(model, folder);
    bco_model_close(model);
}

static int32_t greatest_logit(const float *logits, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return (int32_t)best;
}

/* Two slots go on with the same prompt, which the second one copies in the middle. */
static void check_greedy(struct bco_model *model, const char *folder, yyjson_val *greedy) {
    yyjson_val *prompt = yyjson_obj_get(greedy, "prompt"), *ids = yyjson_obj_get(greedy, "ids");
    size_t n = yyjson_arr_size(prompt), count = yyjson_arr_size(ids), V = bco_model_vocabulary(model), i, size;
    struct bco_decoder *decoder;
    float *logits = calloc(2 * V, sizeof *logits);
    struct pack pack = pack_new(1, n);
    if (!greedy) goto done;
    pack_add(&pack, prompt, 1);
    assert_int_equal(bco_decoder_open(&decoder, model, 2, NULL), BCO_OK);
    assert_int_equal(
        bco_decoder_step(decoder, &(struct bco_block){1, (size_t[]){0}, (size_t[]){0, n - 1}, pack.ids}, logits, NULL),
        BCO_OK);
    assert_int_equal(bco_decoder_copy(decoder, 0, 1, n, NULL), BCO_OK);
    int32_t next[2] = {pack.ids[n - 1], pack.ids[n - 1]};
    yyjson_val *id;
    yyjson_arr_foreach(ids, i, size, id) {
        struct bco_block block = {2, (size_t[]){1, 0}, (size_t[]){0, 1, 2}, next};
        assert_int_equal(bco_decoder_step(decoder, &block, logits, NULL), BCO_OK);
        next[0] = greatest_logit(logits, V);
        next[1] = greatest_logit(logits + V, V);
        if (next[0] != (int32_t)yyjson_get_int(id) || next[1] != next[0])
            fail_msg("%s: greedy ids differ at %zu: %d, %d", folder, i, next[0], next[1]);
    }
    assert_int_equal(bco_decoder_length(decoder, 1), n - 1 + count);
    bco_decoder_close(decoder);
done:
    pack_free(&pack);
    free(logits);
}

static void check_folder(const char *folder) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "golden/models/%s/golden.json", folder);
    yyjson_doc *doc = golden(path);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct pack pack = pack_sequences(yyjson_obj_get(root, "sequences"));
    struct bco_model *model = open_golden(folder, root, false);
    double difference = token_difference(model, &pack);
    print_message("%s: token_logp differs by %.1e\n", folder, difference);
    assert_true(difference < 5e-5);
    check_greedy(model, folder, yyjson_obj_get(root, "greedy"));
    bco_model_close(model);
    if (yyjson_obj_get(root, "bco")) check_gradient(folder, &pack, root);
    check_adamw(folder, &pack, root, "adamw", 1);
    check_adamw(folder, &pack, root, "adamw_3", 3);
    pack_free(&pack);
    yyjson_doc_free(doc);
}

static void golden_models(void **state) {
    static const char *const folders[] = {"llama-gqa-tied",
                                          "llama-gqa-tied-bf16",
                                          "llama-gqa-tied-f16",
                                          "llama-gqa-tied-sharded",
                                          "llama-rope-llama3",
                                          "llama-rope-linear",
                                          "llama-bias",
                                          "qwen2",
                                          "qwen2-bf16",
                                          "qwen2-f16",
                                          "qwen2-sharded",
                                          "qwen3",
                                          "gpt2",
                                          "gpt2-bare",
                                          "mistral",
                                          "mistral-sliding",
                                          "gemma3",
                                          "phi3",
                                          "phi3-partial",
                                          "olmo2",
                                          "smollm3",
                                          "granite",
                                          "llama-gqa-tied-lora",
                                          "llama-gqa-tied-rslora",
                                          "gpt2-lora"};
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) check_folder(folders[i]);
}

/* ---- classifiers --------------------------------------------------------------------- */

static double bce_gradient(void *user, size_t b, double score) {
    yyjson_val *labels = user;
    double label = yyjson_get_bool(yyjson_arr_get(labels, b)) ? 1 : 0;
    return (sigmoid(score) - label) / (double)yyjson_arr_size(labels);
}

static void check_classifier(const char *folder) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "golden/models/%s/golden.json", folder);
    yyjson_doc *doc = golden(path);
    yyjson_val *root = yyjson_doc_get_root(doc), *sequences = yyjson_obj_get(root, "sequences"), *sequence;
    yyjson_val *bce = yyjson_obj_get(root, "bce");
    struct pack pack = pack_sequences(sequences);
    struct bco_model *model = open_golden(folder, root, true);
    struct bco_error err;
    size_t i, count;
    assert_true(bco_model_is_classifier(model));
    assert_int_equal(bco_model_score(model, &pack.batch, pack.logp, NULL), BCO_OK);
    yyjson_arr_foreach(sequences, i, count, sequence)
        assert_true(fabs(pack.logp[i] - yyjson_get_num(yyjson_obj_get(sequence, "score"))) < 1e-5);
    assert_int_equal(bco_model_score_grad(model, &pack.batch, bce_gradient, yyjson_obj_get(bce, "labels"), NULL, NULL),
                     BCO_OK);
    compare_gradients(model, folder);
    assert_int_equal(bco_model_logp(model, &pack.batch, pack.logp, NULL, &err), BCO_EUSAGE);
    assert_string_equal(err.message, "the model is a classifier: it has scores, not log-probs");
    bco_model_close(model);
    pack_free(&pack);
    yyjson_doc_free(doc);
}

static void classifiers(void **state) {
    (void)state;
    check_classifier("llama-seqcls");
    check_classifier("qwen2-seqcls");
}

/* ---- folders that must be refused ------------------------------------------------- */

static void check_logp(struct bco_model *model, const char *path, yyjson_val *sequence, double expected) {
    struct pack pack = pack_new(1, 64);
    pack_add(&pack, yyjson_obj_get(sequence, "ids"), yyjson_get_uint(yyjson_obj_get(sequence, "prompt_len")));
    assert_int_equal(bco_model_logp(model, &pack.batch, pack.logp, NULL, NULL), BCO_OK);
    if (fabs(pack.logp[0] - expected) > 1e-3) fail_msg("%s: logp %.9g, expected %.9g", path, pack.logp[0], expected);
    pack_free(&pack);
    bco_model_close(model);
}

static void check_good(const char *path, yyjson_val *sequence, double expected) {
    check_logp(open_shared(path, false, 0), path, sequence, expected);
}

/* Merged, and beside the weights. */
static void check_good_adapter(const char *path, yyjson_val *sequence, double expected) {
    char adapter[PATH_SIZE];
    snprintf(adapter, sizeof adapter, "../bad_models/%s", strrchr(path, '/') + 1);
    check_logp(open_adapted("golden/bad_models/good", adapter, false, 0), path, sequence, expected);
    check_logp(open_adapted("golden/bad_models/good", adapter, true, 0), path, sequence, expected);
}

static void refuse(const char *full, const struct bco_model_options *options, yyjson_val *names) {
    char text[2048];
    struct bco_model *model;
    struct bco_error err;
    size_t i, count;
    yyjson_val *name;
    assert_int_equal(bco_model_open(&model, full, options, &err), BCO_EDATA);
    assert_null(model);
    bco_error_format(&err, text, sizeof text);
    print_message("%s\n", text + strlen(shared()));
    yyjson_arr_foreach(names, i, count, name) if (!strstr(text, yyjson_get_str(name)))
        fail_msg("'%s' does not name '%s'", text, yyjson_get_str(name));
}

static void check_bad(const char *path, yyjson_val *names) {
    char full[2 * PATH_SIZE];
    snprintf(full, sizeof full, "%s/%s", shared(), path);
    refuse(full, NULL, names);
}

static void check_bad_adapter(const char *path, yyjson_val *names) {
    char base[2 * PATH_SIZE], full[2 * PATH_SIZE];
    struct bco_model_options options = {.adapter = full};
    snprintf(base, sizeof base, "%s/golden/bad_models/good", shared());
    snprintf(full, sizeof full, "%s/%s", shared(), path);
    refuse(base, &options, names);
}

static void bad_models(void **state) {
    (void)state;
    yyjson_doc *doc = golden("golden/bad_models/bad.json");
    yyjson_val *root = yyjson_doc_get_root(doc), *folder;
    size_t i, count;
    yyjson_arr_foreach(yyjson_obj_get(root, "folders"), i, count, folder) {
        const char *name = yyjson_get_str(yyjson_obj_get(folder, "folder"));
        char path[PATH_SIZE];
        if (!name) continue;
        snprintf(path, sizeof path, "golden/bad_models/%s", name);
        if (strstr(name, "adapter") && yyjson_get_bool(yyjson_obj_get(folder, "good")))
            check_good_adapter(path, yyjson_obj_get(root, "sequence"), yyjson_get_num(yyjson_obj_get(folder, "logp")));
        else if (strstr(name, "adapter"))
            check_bad_adapter(path, yyjson_obj_get(folder, "message_names"));
        else if (yyjson_get_bool(yyjson_obj_get(folder, "good")))
            check_good(path, yyjson_obj_get(root, "sequence"), yyjson_get_num(yyjson_obj_get(folder, "logp")));
        else
            check_bad(path, yyjson_obj_get(folder, "message_names"));
    }
    yyjson_doc_free(doc);
}

/* ---- what must not matter ----------------------------------------------------------- */

static void invariance(void **state) {
    (void)state;
    yyjson_doc *doc = golden("golden/models/llama-gqa-tied/golden.json");
    struct pack all = pack_sequences(yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
    double *once = calloc(all.batch.sequences, sizeof *once);
    struct bco_model *model = open_shared("golden/models/llama-gqa-tied", false, 2);
    struct bco_model *single = open_shared("golden/models/llama-gqa-tied", false, 1);
    assert_int_equal(bco_model_fingerprint(model), bco_model_fingerprint(single));
    assert_int_equal(bco_model_logp(model, &all.batch, all.logp, NULL, NULL), BCO_OK);
    assert_int_equal(bco_model_logp(model, &all.batch, once, NULL, NULL), BCO_OK);
    assert_memory_equal(all.logp, once, all.batch.sequences * sizeof *once);
    assert_int_equal(bco_model_logp(single, &all.batch, once, NULL, NULL), BCO_OK);
    for (size_t b = 0; b < all.batch.sequences; b++) assert_true(fabs(once[b] / all.logp[b] - 1) < 1e-5);
    for (size_t b = all.batch.sequences; b-- > 0;) {
        size_t starts[2] = {0, all.starts[b + 1] - all.starts[b]};
        struct bco_batch alone = {1, starts, all.ids + all.starts[b], all.prompt_len + b};
        double logp;
        assert_int_equal(bco_model_logp(model, &alone, &logp, NULL, NULL), BCO_OK);
        assert_true(fabs(logp / all.logp[b] - 1) < 1e-5);
    }
    free(once);
    pack_free(&all);
    bco_model_close(model);
    bco_model_close(single);
    yyjson_doc_free(doc);
}

/* ---- saving ------------------------------------------------------------------------------- */

static void remove_folder(const char *dir) {
    DIR *folder = opendir(dir);
    char path[2 * PATH_SIZE];
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    closedir(folder);
    rmdir(dir);
}

static size_t files_in(const char *dir) {
    DIR *folder = opendir(dir);
    size_t count = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void assert_same_weights(struct bco_model *a, struct bco_model *b) {
    assert_int_equal(bco_model_parameter_count(a), bco_model_parameter_count(b));
    for (size_t i = 0; i < bco_model_parameter_count(a); i++) {
        struct bco_parameter p = bco_model_parameter(a, i), q = bco_model_parameter(b, i);
        assert_string_equal(p.name, q.name);
        assert_memory_equal(p.weight, q.weight, p.count * sizeof *p.weight);
    }
    assert_int_equal(bco_model_fingerprint(a), bco_model_fingerprint(b));
}

static void check_saved(const char *source, enum bco_dtype dtype, uint64_t limit, size_t files) {
    char dir[] = "/tmp/bco-test-model-XXXXXX";
    const struct bco_model_options trainable = {.trainable = true};
    struct bco_model *model, *again;
    struct bco_error err;
    assert_non_null(mkdtemp(dir));
    model = open_shared(source, true, 0);
    assert_int_equal(bco_model_save_limited(model, dir, dtype, limit, NULL, &err), BCO_OK);
    assert_int_equal(bco_model_open(&again, dir, &trainable, &err), BCO_OK);
    assert_same_weights(model, again);
    assert_int_equal(files_in(dir), files);
    bco_model_close(again);
    bco_model_close(model);
    model = open_shared(source, false, 0);
    assert_int_equal(bco_model_save_limited(model, dir, dtype, limit, NULL, &err), BCO_OK);
    assert_int_equal(bco_model_open(&again, dir, NULL, &err), BCO_OK);
    assert_int_equal(bco_model_fingerprint(model), bco_model_fingerprint(again));
    bco_model_close(again);
    bco_model_close(model);
    remove_folder(dir);
}

static void saving(void **state) {
    (void)state;
    yyjson_doc_free(golden("golden/models/llama-gqa-tied/golden.json"));
    check_saved("golden/models/llama-gqa-tied", BCO_DTYPE_SAME, UINT64_MAX, 3);
    check_saved("golden/models/llama-gqa-tied", BCO_DTYPE_F32, 60000, 3 + 5);
    check_saved("golden/models/llama-gqa-tied-bf16", BCO_DTYPE_SAME, UINT64_MAX, 3);
    check_saved("golden/models/llama-gqa-tied-f16", BCO_DTYPE_F16, UINT64_MAX, 3);
    check_saved("golden/models/llama-gqa-tied-f16", BCO_DTYPE_F32, UINT64_MAX, 3);
    check_saved("golden/models/gpt2-bare", BCO_DTYPE_SAME, UINT64_MAX, 3);
    check_saved("models/tinystories-656k", BCO_DTYPE_SAME, UINT64_MAX, 6);
}

/* Like safetensors' own writer: the embedding under its own name, tensors sorted, a header of a multiple of 8 bytes. */
static void saved_names(void **state) {
    char dir[] = "/tmp/bco-test-model-XXXXXX", path[PATH_SIZE];
    struct bco_weights *weights;
    (void)state;
    yyjson_doc_free(golden("models/tinystories-656k/golden_logprobs.json"));
    struct bco_model *model = open_shared("models/tinystories-656k", false, 0);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(bco_model_save(model, dir, NULL), BCO_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_int_equal(bco_weights_open_file(&weights, path, NULL), BCO_OK);
    assert_null(bco_weights_find(weights, "lm_head.weight"));
    assert_non_null(bco_weights_find(weights, "model.embed_tokens.weight"));
    const char *first = bco_weights_tensor(weights, 0)->data;
    const char *second = bco_weights_tensor(weights, 1)->data;
    assert_true(first < second && (uintptr_t)first % 8 == 0);
    bco_weights_close(weights);
    bco_model_close(model);
    remove_folder(dir);
}

/* The last two bytes of the weights, the end of the last norm, become those of a NaN. */
static void check_nan(const char *source) {
    char dir[] = "/tmp/bco-test-model-XXXXXX", path[PATH_SIZE];
    struct bco_model *model = open_shared(source, false, 0);
    struct bco_error err;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(bco_model_save(model, dir, &err), BCO_OK);
    bco_model_close(model);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -2, SEEK_END), 0);
    assert_int_equal(fwrite("\xff\x7f", 1, 2, file), 2);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(bco_model_open(&model, dir, NULL, &err), BCO_EDATA);
    assert_string_equal(err.file, path);
    assert_string_equal(err.field, "model.norm.weight");
    assert_string_equal(err.message, "it holds NaN or an infinity");
    remove_folder(dir);
}

static void nan_is_found(void **state) {
    (void)state;
    yyjson_doc_free(golden("golden/models/llama-gqa-tied/golden.json"));
    check_nan("golden/models/llama-gqa-tied");
    check_nan("golden/models/llama-gqa-tied-bf16");
    check_nan("golden/models/llama-gqa-tied-f16");
}

static void nan_is_not_saved(void **state) {
    char dir[] = "/tmp/bco-test-model-XXXXXX";
    struct bco_error err;
    (void)state;
    yyjson_doc_free(golden("golden/models/llama-gqa-tied/golden.json"));
    struct bco_model *model = open_shared("golden/models/llama-gqa-tied", true, 0);
    assert_non_null(mkdtemp(dir));
    struct bco_parameter p = bco_model_parameter(model, 2);
    p.weight[0] = 1e6f;
    assert_int_equal(bco_model_save_as(model, dir, BCO_DTYPE_F16, &err), BCO_EDATA);
    assert_string_equal(err.field, p.name);
    assert_string_equal(err.message, "it holds a number that is no finite F16");
    p.weight[0] = NAN;
    assert_int_equal(bco_model_save(model, dir, &err), BCO_EDATA);
    assert_int_equal(files_in(dir), 0);
    bco_model_close(model);
    remove_folder(dir);
}

static float widen(const char *dtype, uint16_t half) {
    struct bco_tensor tensor = {.dtype = dtype, .data = &half, .count = 1};
    float x;
    bco_tensor_read(&tensor, 0, 1, &x);
    return x;
}

static void sixteen_bits(void **state) {
    (void)state;
    for (uint32_t half = 0; half < 65536; half++) {
        float f16 = widen("F16", (uint16_t)half), bf16 = widen("BF16", (uint16_t)half);
        if (!isnan(f16)) assert_int_equal(bco_to_f16(f16), half);
        if (!isnan(bf16)) assert_int_equal(bco_to_bf16(bf16), half);
    }
    assert_int_equal(bco_to_f16(65519.0f), 0x7BFF);
    assert_int_equal(bco_to_f16(65520.0f), 0x7C00);
    assert_int_equal(bco_to_f16(2049.0f), 0x6800); /* a tie: to even */
    assert_int_equal(bco_to_f16(0x1.8p-24f), 2);
    assert_int_equal(bco_to_f16(0x1p-25f), 0);
    assert_int_equal(bco_to_bf16(0x1.01p0f), 0x3F80);
    assert_int_equal(bco_to_bf16(0x1.03p0f), 0x3F82);
}

/* What is saved of a model with an adapter is the adapter; what of a merged one, a model. */
static void saved_adapter(void **state) {
    char dir[] = "/tmp/bco-test-model-XXXXXX", base[2 * PATH_SIZE];
    struct bco_model *model, *again;
    struct bco_error err;
    (void)state;
    yyjson_doc_free(golden("golden/models/llama-gqa-tied-lora/golden.json"));
    snprintf(base, sizeof base, "%s/golden/models/llama-gqa-tied", shared());
    struct bco_model_options options = {.adapter = dir, .trainable = true};
    assert_non_null(mkdtemp(dir));
    model = open_adapted("golden/models/llama-gqa-tied", "llama-gqa-tied-lora", true, 0);
    assert_int_equal(bco_model_parameter_count(model), 28);
    assert_int_equal(bco_model_save(model, dir, &err), BCO_OK);
    assert_int_equal(files_in(dir), 2);
    assert_int_equal(bco_model_open(&again, base, &options, &err), BCO_OK);
    assert_same_weights(model, again);
    bco_model_close(model);
    bco_model_close(again);
    remove_folder(dir);
}

/* A new adapter changes nothing until it is trained. */
static double logp_of(const char *dir, const char *adapter, struct pack *pack) {
    const struct bco_model_options options = {.adapter = adapter};
    struct bco_model *model;
    double sum = 0;
    assert_int_equal(bco_model_open(&model, dir, &options, NULL), BCO_OK);
    assert_int_equal(bco_model_logp(model, &pack->batch, pack->logp, NULL, NULL), BCO_OK);
    for (size_t b = 0; b < pack->batch.sequences; b++) sum += pack->logp[b];
    bco_model_close(model);
    return sum;
}

/* Merged and written as f32, a model gives the very log-probs of the model with its adapter; with a
 * 16-bit type it stays as near as that type allows. */
static void check_merged(const char *folder) {
    char base[2 * PATH_SIZE], adapter[2 * PATH_SIZE], path[PATH_SIZE], dir[] = "/tmp/bco-test-XXXXXX";
    snprintf(path, sizeof path, "golden/models/%s/golden.json", folder);
    yyjson_doc *doc = golden(path);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct pack pack = pack_sequences(yyjson_obj_get(root, "sequences"));
    snprintf(base, sizeof base, "%s/golden/models/%s", shared(), yyjson_get_str(yyjson_obj_get(root, "base_model")));
    snprintf(adapter, sizeof adapter, "%s/golden/models/%s", shared(), folder);
    double whole = logp_of(base, adapter, &pack);
    assert_non_null(mkdtemp(dir));
    const struct bco_merge merge = {.model = base, .adapter = adapter, .out = dir, .dtype = BCO_DTYPE_F32};
    struct bco_merge half = merge;
    struct bco_merge_counts counts;
    half.dtype = BCO_DTYPE_BF16;
    assert_int_equal(bco_merge(&merge, &counts, NULL, NULL), BCO_OK);
    assert_true(logp_of(dir, NULL, &pack) == whole);
    assert_int_equal(bco_merge(&merge, &counts, NULL, NULL), BCO_EDATA);
    remove_folder(dir);
    assert_int_equal(bco_merge(&half, &counts, NULL, NULL), BCO_OK);
    assert_int_equal(counts.dtype, BCO_DTYPE_BF16);
    assert_true(fabs(logp_of(dir, NULL, &pack) - whole) < 0.01 * fabs(whole));
    remove_folder(dir);
    pack_free(&pack);
    yyjson_doc_free(doc);
}

static void merged(void **state) {
    (void)state;
    check_merged("llama-gqa-tied-lora");
    check_merged("llama-gqa-tied-rslora");
    check_merged("gpt2-lora");
}

static void new_adapter(void **state) {
    char dir[] = "/tmp/bco-test-model-XXXXXX", base[2 * PATH_SIZE];
    struct bco_model_options options = {
        .trainable = true, .lora_rank = 3, .lora_alpha = 6, .lora_targets = "q_proj,o_proj"};
    struct bco_model *model, *plain;
    struct bco_error err;
    (void)state;
    yyjson_doc *doc = golden("golden/models/llama-gqa-tied/golden.json");
    struct pack pack = pack_sequences(yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
    snprintf(base, sizeof base, "%s/golden/models/llama-gqa-tied", shared());
    plain = open_shared("golden/models/llama-gqa-tied", false, 0);
    assert_int_equal(bco_model_open(&model, base, &options, &err), BCO_OK);
    assert_int_equal(bco_model_parameter_count(model), 8);
    assert_string_equal(bco_model_parameter(model, 1).name,
                        "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight");
    assert_int_equal(bco_model_fingerprint(model), bco_model_fingerprint(plain));
    assert_true(token_difference(model, &pack) < 5e-5);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(bco_model_save(model, dir, &err), BCO_OK);
    bco_model_close(model);
    options = (struct bco_model_options){.adapter = dir};
    assert_int_equal(bco_model_open(&model, base, &options, &err), BCO_OK);
    assert_int_equal(bco_model_parameter_count(model), bco_model_parameter_count(plain));
    assert_true(token_difference(model, &pack) < 5e-5);
    bco_model_close(model);
    options =
        (struct bco_model_options){.trainable = true, .lora_rank = 3, .lora_alpha = 6, .lora_targets = "q_proj,x"};
    assert_int_equal(bco_model_open(&model, base, &options, &err), BCO_EUSAGE);
    assert_string_equal(
        err.message,
        "the model has no module 'x'; it has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj");
    bco_model_close(plain);
    remove_folder(dir);
    pack_free(&pack);
    yyjson_doc_free(doc);
}

/* A language model with a new head is saved as a classifier. */
static void new_head(void **state) {
    char dir[] = "/tmp/bco-test-model-XXXXXX", base[2 * PATH_SIZE];
    struct bco_model_options options = {.trainable = true, .head = true, .seed = 5};
    struct bco_model *model, *again;
    struct bco_error err;
    (void)state;
    yyjson_doc_free(golden("golden/models/gpt2/golden.json"));
    snprintf(base, sizeof base, "%s/golden/models/gpt2", shared());
    assert_non_null(mkdtemp(dir));
    assert_int_equal(bco_model_open(&model, base, &options, &err), BCO_OK);
    assert_int_equal(bco_model_save(model, dir, &err), BCO_OK);
    assert_int_equal(bco_model_open(&again, dir, NULL, &err), BCO_OK);
    assert_true(bco_model_is_classifier(again));
    assert_same_weights(model, again);
    bco_model_close(model);
    bco_model_close(again);
    remove_folder(dir);
}

/* ---- weights that are drawn ---------------------------------------------------------------- */

static void drawn(void **state) {
    (void)state;
    char dir[2 * PATH_SIZE];
    yyjson_doc_free(golden("golden/models/llama-gqa-tied/golden.json"));
    snprintf(dir, sizeof dir, "%s/golden/models/llama-gqa-tied", shared());
    struct bco_model *model[3];
    for (int i = 0; i < 3; i++) {
        struct bco_model_options options = {.init_random = true, .seed = i == 2 ? 8 : 7, .threads = i + 1};
        assert_int_equal(bco_model_open(&model[i], dir, &options, NULL), BCO_OK);
    }
    assert_same_weights(model[0], model[1]);
    assert_int_not_equal(bco_model_fingerprint(model[0]), bco_model_fingerprint(model[2]));
    struct bco_parameter p = bco_model_parameter(model[0], 0);
    double squares = 0;
    for (size_t i = 0; i < p.count; i++) squares += (double)p.weight[i] * (double)p.weight[i];
    assert_true(fabs(sqrt(squares / (double)p.count) / 0.15 - 1) < 0.02);
    for (int i = 0; i < 3; i++) bco_model_close(model[i]);
}

/* ---- recomputation -------------------------------------------------------------------------- */

static double minus_one(void *user, size_t b, double logp) {
    (void)user, (void)b, (void)logp;
    return -1;
}

static void recomputation(void **state) {
    (void)state;
    yyjson_doc *doc = golden("golden/models/llama-gqa-tied/golden.json");
    struct pack pack = pack_sequences(yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
    struct bco_model *kept = open_shared("golden/models/llama-gqa-tied", true, 0);
    struct bco_model *again = open_shared("golden/models/llama-gqa-tied", true, 0);
    bco_model_set_recompute(again, true);
    assert_int_equal(bco_model_grad(kept, &pack.batch, minus_one, NULL, NULL, NULL), BCO_OK);
    assert_int_equal(bco_model_grad(again, &pack.batch, minus_one, NULL, NULL, NULL), BCO_OK);
    for (size_t i = 0; i < bco_model_parameter_count(kept); i++) {
        struct bco_parameter p = bco_model_parameter(kept, i), q = bco_model_parameter(again, i);
        assert_memory_equal(p.gradient, q.gradient, p.count * sizeof *p.gradient);
    }
    assert_true(bco_model_activation_bytes(kept, 1, 1000, 500, true) <
                bco_model_activation_bytes(kept, 1, 1000, 500, false));
    bco_model_close(kept);
    bco_model_close(again);
    pack_free(&pack);
    yyjson_doc_free(doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_models),   cmocka_unit_test(golden_models), cmocka_unit_test(classifiers),
        cmocka_unit_test(bad_models),    cmocka_unit_test(invariance),    cmocka_unit_test(saving),
        cmocka_unit_test(saved_names),   cmocka_unit_test(nan_is_found),  cmocka_unit_test(nan_is_not_saved),
        cmocka_unit_test(saved_adapter), cmocka_unit_test(merged),        cmocka_unit_test(new_adapter),
        cmocka_unit_test(new_head),      cmocka_unit_test(sixteen_bits),  cmocka_unit_test(drawn),
        cmocka_unit_test(recomputation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

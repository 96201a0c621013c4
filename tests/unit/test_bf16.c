/* Products in bf16: against double with the same rounded operands, whatever the
 * cut into tiles; and models in bf16 beside the same in f32. */
#include "unit/golden.h"

#include "nn/bf16.h"
#include "nn/ops.h"

#include <bco/model.h>
#include <dirent.h>

static bool missing(void) {
    if (!bco_bf16_missing()) return false;
    print_message("SKIP: %s\n", bco_bf16_missing());
    return true;
}

static struct bco_bf16 *open_bf16(int threads) {
    struct bco_bf16 *bf16;
    assert_int_equal(bco_bf16_open(&bf16, threads, NULL), BCO_OK);
    return bf16;
}

/* Without bf16 a model that asks for it is refused with the reason. */
static void absence(void **state) {
    struct bco_bf16 *bf16;
    struct bco_error err;
    (void)state;
    enum bco_code code = bco_bf16_open(&bf16, 2, &err);
    if (bco_bf16_missing()) {
        assert_int_equal(code, BCO_EUSAGE);
        assert_string_equal(err.message, bco_bf16_missing());
        assert_null(bf16);
    } else {
        assert_int_equal(code, BCO_OK);
        assert_true(bco_bf16_bytes(2) > 0);
        assert_false(bco_bf16_failed(bf16));
    }
    bco_bf16_close(bf16);
}

/* ---- products ---------------------------------------------------------------------- */

static float noise(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1;
}

static float *random_floats(size_t n, uint32_t seed) {
    float *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) x[i] = noise(&seed);
    return x;
}

static double rounded(float x) {
    const uint16_t bits = bco_to_bf16(x);
    float wide;
    bco_widen((struct bco_half){&bits, true}, 0, 1, &wide);
    return (double)wide;
}

/* Some ten thousand elements of the result: the others are made by the same tiles. */
static void compare(const struct bco_matmul *p, const float *b, const float *before) {
    for (size_t at = 0; at < p->m * p->n; at += 1 + p->m * p->n / 10000) {
        size_t i = at / p->n, j = at % p->n;
        double sum = 0, size = 0;
        for (size_t k = 0; k < p->k; k++) {
            double x = rounded(p->alpha * p->a[p->transpose_a ? k * p->lda + i : i * p->lda + k]);
            double y = rounded(b[p->transpose_b ? j * p->ldb + k : k * p->ldb + j]);
            sum += x * y;
            size += fabs(x * y);
        }
        sum += (double)p->beta * (double)before[i * p->ldc + j];
        if (!(fabs((double)p->c[i * p->ldc + j] - sum) <= 3e-7 * (size + 1)))
            fail_msg("%zu x %zu x %zu: element %zu, %zu is %.9g, expected %.9g", p->m, p->n, p->k, i, j,
                     (double)p->c[i * p->ldc + j], sum);
    }
}

/* The product, then the same with one thread and by single rows: bit for bit. */
static void check(const struct bco_team *team, struct bco_matmul p, size_t gap) {
    const struct bco_team single = {.threads = 1, .bf16 = open_bf16(1)};
    size_t ldc = p.n + gap, count = p.m * ldc;
    float *a = random_floats(p.m * p.k, 1), *b = random_floats(p.k * p.n, 2), *before = random_floats(count, 3);
    float *c = malloc(count * sizeof *c), *again = malloc(count * sizeof *again);
    p.a = a, p.b = b, p.c = c, p.ldc = ldc;
    p.lda = p.transpose_a ? p.m : p.k, p.ldb = p.transpose_b ? p.k : p.n;
    memcpy(c, before, count * sizeof *c);
    memcpy(again, before, count * sizeof *again);
    bco_cpu_ops.matmul(team, &p);
    compare(&p, b, before);
    p.c = again;
    bco_cpu_ops.matmul(&single, &p);
    assert_memory_equal(c, again, count * sizeof *c);
    memcpy(again, before, count * sizeof *again);
    for (size_t i = 0; i < p.m; i += 1 + p.m / 5) {
        struct bco_matmul row = p;
        row.m = 1, row.a += p.transpose_a ? i : i * p.lda, row.c += i * ldc;
        bco_cpu_ops.matmul(team, &row);
        assert_memory_equal(c + i * ldc, again + i * ldc, p.n * sizeof *c);
    }
    bco_bf16_close(single.bf16);
    free(a), free(b), free(before), free(c), free(again);
}

static void products(void **state) {
    static const size_t sizes[][3] = {{1, 1, 1},     {7, 5, 9},       {64, 512, 64},  {65, 513, 33}, {200, 600, 7},
                                      {33, 70, 515}, {130, 90, 4500}, {17, 2100, 40}, {67, 64, 100}, {100, 576, 3000}};
    (void)state;
    if (missing()) skip();
    const struct bco_team team = {.threads = 3, .bf16 = open_bf16(3)};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int t = 0; t < 8; t++) {
            const struct bco_matmul p = {.transpose_a = t & 1,
                                         .transpose_b = t & 2,
                                         .m = sizes[i][0],
                                         .n = sizes[i][1],
                                         .k = sizes[i][2],
                                         .alpha = t & 4 ? 0.75f : 1,
                                         .beta = t & 4 ? 1 : 0};
            check(&team, p, 3);
            check(&team, p, 0);
        }
    assert_false(bco_bf16_failed(team.bf16));
    bco_bf16_close(team.bf16);
}

/* More than the packed operands hold at once. */
static void large_products(void **state) {
    (void)state;
    if (missing()) skip();
    const struct bco_team team = {.threads = 2, .bf16 = open_bf16(2)};
    check(&team, (struct bco_matmul){.transpose_b = true, .m = 2200, .n = 1100, .k = 2000, .alpha = 1}, 3);
    bco_bf16_close(team.bf16);
}

static void check_half(const struct bco_team *team, bool transpose_b, bool bf16) {
    enum { M = 70, N = 100, K = 150 };
    float *a = random_floats(M * K, 1), *b = random_floats(K * N, 2), *c = malloc(M * N * sizeof *c);
    uint16_t *bits = malloc(K * N * sizeof *bits);
    for (size_t i = 0; i < K * N; i++) bits[i] = bf16 ? bco_to_bf16(b[i]) : bco_to_f16(b[i]);
    bco_widen((struct bco_half){bits, bf16}, 0, K * N, b);
    struct bco_matmul p = {.transpose_b = transpose_b,
                           .m = M,
                           .n = N,
                           .k = K,
                           .alpha = 1,
                           .a = a,
                           .lda = K,
                           .b_half = {bits, bf16},
                           .ldb = transpose_b ? K : N,
                           .c = c,
                           .ldc = N};
    bco_cpu_ops.matmul(team, &p);
    compare(&p, b, c);
    free(a), free(b), free(c), free(bits);
}

static void halves(void **state) {
    (void)state;
    if (missing()) skip();
    const struct bco_team team = {.threads = 2, .bf16 = open_bf16(2)};
    for (int t = 0; t < 4; t++) check_half(&team, t & 1, t & 2);
    bco_bf16_close(team.bf16);
}

/* A NaN or an infinity is seen in the result, and a product that must be exact is. */
static void numbers(void **state) {
    (void)state;
    if (missing()) skip();
    const struct bco_team team = {.threads = 1, .bf16 = open_bf16(1)};
    float a[2] = {1.001f, 1}, b[2] = {1.001f, 1}, c;
    struct bco_matmul p = {.m = 1, .n = 1, .k = 2, .alpha = 1, .a = a, .lda = 2, .b = b, .ldb = 1, .c = &c, .ldc = 1};
    bco_cpu_ops.matmul(&team, &p);
    assert_true(c == 2);
    p.exact = true;
    bco_cpu_ops.matmul(&team, &p);
    assert_true(fabsf(c - 2.002001f) < 1e-6f);
    p.exact = false;
    a[0] = NAN;
    bco_cpu_ops.matmul(&team, &p);
    assert_true(isnan(c));
    a[0] = -INFINITY;
    bco_cpu_ops.matmul(&team, &p);
    assert_true(isinf(c) && c < 0);
    bco_bf16_close(team.bf16);
}

/* ---- models -------------------------------------------------------------------------- */

struct texts {
    struct bco_batch batch;
    size_t starts[33], prompt_len[32], tokens; /* tokens: of completions */
    int32_t ids[8192];
};

static void read_texts(struct texts *t, yyjson_val *sequences) {
    size_t i, count, j, length;
    yyjson_val *sequence, *id;
    *t = (struct texts){.batch = {0, t->starts, t->ids, t->prompt_len}};
    yyjson_arr_foreach(sequences, i, count, sequence) {
        size_t at = t->starts[i];
        assert_true(i < 32 && at + yyjson_arr_size(yyjson_obj_get(sequence, "ids")) <= 8192);
        yyjson_arr_foreach(yyjson_obj_get(sequence, "ids"), j, length, id) t->ids[at++] = (int32_t)yyjson_get_int(id);
        t->prompt_len[i] = yyjson_get_uint(yyjson_obj_get(sequence, "prompt_len"));
        t->starts[i + 1] = at;
        t->tokens += at - t->starts[i] - t->prompt_len[i];
        t->batch.sequences++;
    }
}

static struct bco_model *open_model(const char *folder, enum bco_precision precision, bool trainable, int threads) {
    struct bco_model_options options = {.precision = precision, .trainable = trainable, .threads = threads};
    struct bco_model *model;
    assert_int_equal(bco_model_open(&model, shared_path(folder), &options, NULL), BCO_OK);
    assert_int_equal(bco_model_precision(model), precision);
    return model;
}

static double alternate(void *user, size_t b, double logp) {
    (void)user, (void)logp;
    return b % 2 ? -1 : 1;
}

static double cosine(struct bco_model *a, struct bco_model *b) {
    double xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < bco_model_parameter_count(a); i++) {
        struct bco_parameter p = bco_model_parameter(a, i), q = bco_model_parameter(b, i);
        for (size_t j = 0; j < p.count; j++) {
            xy += (double)p.gradient[j] * (double)q.gradient[j];
            xx += (double)p.gradient[j] * (double)p.gradient[j];
            yy += (double)q.gradient[j] * (double)q.gradient[j];
        }
    }
    return xy / sqrt(xx * yy);
}

/* The root mean square of the difference of a token's log-prob, and the gradients' cosine. */
static void compare_models(const char *folder, const struct texts *t, double bound, double least) {
    struct bco_model *f32 = open_model(folder, BCO_PRECISION_F32, true, 2);
    struct bco_model *bf16 = open_model(folder, BCO_PRECISION_BF16, true, 2);
    double logp[2][32], *tokens[2], squares = 0, most = 0;
    for (int i = 0; i < 2; i++) {
        tokens[i] = calloc(t->tokens, sizeof(double));
        assert_int_equal(bco_model_logp(i ? bf16 : f32, &t->batch, logp[i], tokens[i], NULL), BCO_OK);
        assert_int_equal(bco_model_grad(i ? bf16 : f32, &t->batch, alternate, NULL, NULL, NULL), BCO_OK);
    }
    for (size_t i = 0; i < t->tokens; i++) {
        double d = fabs(tokens[1][i] - tokens[0][i]);
        squares += d * d / (double)t->tokens;
        most = fmax(most, d);
    }
    print_message("%s: a token's log-prob differs by %.1e (at most %.1e), the gradient's cosine is %.6f\n", folder,
                  sqrt(squares), most, cosine(f32, bf16));
    assert_true(sqrt(squares) < bound && squares > 0);
    assert_true(cosine(f32, bf16) > least);
    free(tokens[0]), free(tokens[1]);
    bco_model_close(f32);
    bco_model_close(bf16);
}

static void models(void **state) {
    static const char *const folders[] = {"gemma3",
                                          "gpt2",
                                          "granite",
                                          "llama-bias",
                                          "llama-gqa-tied",
                                          "llama-gqa-tied-bf16",
                                          "llama-gqa-tied-f16",
                                          "mistral",
                                          "olmo2",
                                          "phi3",
                                          "qwen2",
                                          "qwen2-bf16",
                                          "qwen3",
                                          "smollm3"};
    struct texts t;
    (void)state;
    if (missing()) skip();
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[256], file[300];
        snprintf(path, sizeof path, "golden/models/%s", folders[i]);
        snprintf(file, sizeof file, "%s/golden.json", path);
        yyjson_doc *doc = golden_open(file);
        read_texts(&t, yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
        compare_models(path, &t, 2e-2, 0.99);
        yyjson_doc_free(doc);
    }
}

/* Bit for bit the same alone, in other company, by other numbers of threads, and where a gradient is taken too. */
static void invariance(void **state) {
    static const char folder[] = "golden/models/llama-gqa-tied";
    struct texts t;
    double together[32], trained[32], alone;
    (void)state;
    if (missing()) skip();
    yyjson_doc *doc = golden_open("golden/models/llama-gqa-tied/golden.json");
    read_texts(&t, yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
    struct bco_model *model = open_model(folder, BCO_PRECISION_BF16, false, 3);
    struct bco_model *other = open_model(folder, BCO_PRECISION_BF16, true, 1);
    assert_int_equal(bco_model_logp(model, &t.batch, together, NULL, NULL), BCO_OK);
    assert_int_equal(bco_model_grad(other, &t.batch, alternate, NULL, trained, NULL), BCO_OK);
    assert_memory_equal(together, trained, t.batch.sequences * sizeof *together);
    for (size_t b = t.batch.sequences; b-- > 0;) {
        size_t starts[2] = {0, t.starts[b + 1] - t.starts[b]};
        struct bco_batch one = {1, starts, t.ids + t.starts[b], t.prompt_len + b};
        assert_int_equal(bco_model_logp(model, &one, &alone, NULL, NULL), BCO_OK);
        assert_memory_equal(&alone, &together[b], sizeof alone);
    }
    bco_model_close(model);
    bco_model_close(other);
    yyjson_doc_free(doc);
}

/* A model kept in 16 bits, and the same as f32 in the file: equal, as bf16 is what either is rounded to. */
static void stored(void **state) {
    struct texts t;
    double frozen[32], master[32];
    (void)state;
    if (missing()) skip();
    yyjson_doc *doc = golden_open("golden/models/qwen2-bf16/golden.json");
    read_texts(&t, yyjson_obj_get(yyjson_doc_get_root(doc), "sequences"));
    struct bco_model *model = open_model("golden/models/qwen2-bf16", BCO_PRECISION_BF16, false, 2);
    struct bco_model *other = open_model("golden/models/qwen2-bf16", BCO_PRECISION_BF16, true, 2);
    assert_int_equal(bco_model_logp(model, &t.batch, frozen, NULL, NULL), BCO_OK);
    assert_int_equal(bco_model_logp(other, &t.batch, master, NULL, NULL), BCO_OK);
    assert_memory_equal(frozen, master, t.batch.sequences * sizeof *frozen);
    bco_model_close(model);
    bco_model_close(other);
    yyjson_doc_free(doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absence),    cmocka_unit_test(products), cmocka_unit_test(large_products),
        cmocka_unit_test(halves),     cmocka_unit_test(numbers),  cmocka_unit_test(models),
        cmocka_unit_test(invariance), cmocka_unit_test(stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* usage: model FOLDER: times log-probs and gradients of a model with random weights, and beside them what
 * this machine can do: the f32 matrix product of OpenBLAS on all cores, and the memory's bandwidth. */
#define _POSIX_C_SOURCE 200809L
#include <bco/model.h>

#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define ROUNDS 3

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *array(size_t count) {
    float *x = malloc(count * sizeof *x);
    if (!x) exit(3);
    for (size_t i = 0; i < count; i++) x[i] = (float)(i % 17) * 0.1f;
    return x;
}

/* GFLOP/s of a large square product with OpenBLAS's own threads. */
static double product_peak(void) {
    int n = 3072;
    size_t count = (size_t)n * (size_t)n;
    float *a = array(count), *b = array(count), *c = array(count);
    double best = 1e9;
    for (int i = 0; i < ROUNDS + 1; i++) {
        double start = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, c, n);
        if (now() - start < best) best = now() - start;
    }
    free(a), free(b), free(c);
    return 2e-9 * n * n * n / best;
}

/* GB/s of a[i] = b[i] + s c[i] in all threads: two reads and one write counted. */
static double bandwidth(void) {
    size_t count = (size_t)1 << 26;
    float *a = array(count), *b = array(count), *c = array(count);
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < count; i++) a[i] = b[i] + 3.0f * c[i];
        if (now() - start < best) best = now() - start;
    }
    free(a), free(b), free(c);
    return 12e-9 * (double)count / best;
}

struct texts {
    struct bco_batch batch;
    size_t starts[4096], prompt_len[4096];
    int32_t *ids;
};

/* Sequences of 100 to 500 tokens until there are about `tokens`; half of each is completion. */
static void make(struct texts *t, size_t tokens, size_t vocabulary) {
    uint32_t x = 1;
    size_t n = 0;
    t->ids = malloc((tokens + 512) * sizeof *t->ids);
    if (!t->ids) exit(3);
    t->batch = (struct bco_batch){0, t->starts, t->ids, t->prompt_len};
    t->starts[0] = 0;
    while (n + 100 <= tokens) {
        x = x * 1664525u + 1013904223u;
        size_t length = 100 + (x >> 8) % 401;
        if (n + length > tokens) length = tokens - n;
        for (size_t i = 0; i < length; i++) {
            x = x * 1664525u + 1013904223u;
            t->ids[n++] = (int32_t)((x >> 8) % vocabulary);
        }
        t->prompt_len[t->batch.sequences++] = length / 2;
        t->starts[t->batch.sequences] = n;
    }
}

static double one(void *user, size_t b, double logp) {
    (void)user, (void)b, (void)logp;
    return 1e-3;
}

static double peak_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void measure(struct bco_model *model, size_t tokens, bool grad, double peak, const char *what) {
    struct texts *t = malloc(sizeof *t);
    double logp[4096], best = 1e9;
    struct bco_error err;
    if (!t) exit(3);
    make(t, tokens, bco_model_vocabulary(model));
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        enum bco_code code = grad ? bco_model_grad(model, &t->batch, one, NULL, logp, &err)
                                  : bco_model_logp(model, &t->batch, logp, NULL, &err);
        if (code) exit(code);
        if (now() - start < best) best = now() - start;
    }
    size_t T = t->starts[t->batch.sequences];
    double work = (grad ? 6e-9 : 2e-9) * (double)bco_model_parameters(model) * (double)T;
    printf("%-28s %6zu tokens %8.0f tokens/s %7.1f GFLOP/s %4.0f %% of the product's; peak memory %.0f MiB\n", what, T,
           (double)T / best, work / best, 100 * work / best / peak, peak_memory());
    free(t->ids);
    free(t);
}

static struct bco_model *open_model(const char *dir, bool trainable) {
    struct bco_model_options options = {.trainable = trainable, .init_random = true};
    struct bco_model *model;
    struct bco_error err;
    char text[2048];
    double start = now();
    enum bco_code code = bco_model_open(&model, dir, &options, &err);
    if (code) {
        bco_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s\n", text);
        exit(code);
    }
    printf("%.1f million parameters, drawn in %.2f s\n", 1e-6 * (double)bco_model_parameters(model), now() - start);
    return model;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("memory: %.1f GB/s\n", bandwidth());
    double peak = product_peak();
    printf("f32 product, 3072 x 3072 x 3072: %.1f GFLOP/s\n", peak);
    struct bco_model *model = open_model(argv[1], false);
    measure(model, 2048, false, peak, "log-probs (2 x parameters)");
    bco_model_close(model);
    model = open_model(argv[1], true);
    measure(model, 768, true, peak, "gradients (6 x parameters)");
    bco_model_set_recompute(model, true);
    measure(model, 2048, true, peak, "the same with recomputation");
    bco_model_close(model);
    return 0;
}

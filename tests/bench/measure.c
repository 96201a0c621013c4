/* usage: measure peak              GFLOP/s of OpenBLAS's f32 matrix product, with its own threads
 *        measure peak-bf16         the same of oneDNN's product in bf16 with sums in f32; built with -DBCO_ONEDNN
 *        measure run COMMAND...    seconds and peak RSS in MiB of a command, on standard output */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* wait4 */
#include <cblas.h>
#ifdef BCO_ONEDNN
#include <dnnl.h>
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int peak(void) {
    enum { N = 2048, ROUNDS = 5 };
    float *a = calloc(N * N, sizeof *a), *b = calloc(N * N, sizeof *b), *c = calloc(N * N, sizeof *c);
    double best = 1e9;
    if (!a || !b || !c) return 3;
    for (size_t i = 0; i < N * N; i++) a[i] = b[i] = (float)(i % 17) * 0.1f;
    for (int i = 0; i < ROUNDS; i++) {
        double start = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
        if (now() - start < best) best = now() - start;
    }
    printf("%.1f\n", 2e-9 * N * N * N / best);
    free(a), free(b), free(c);
    return 0;
}

#ifdef BCO_ONEDNN
static bool matmul(dnnl_engine_t engine, int n, dnnl_primitive_t *made, dnnl_memory_desc_t md[3]) {
    const dnnl_dims_t dims = {n, n};
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t descriptor;
    return !dnnl_memory_desc_init_by_tag(&md[0], 2, dims, dnnl_bf16, dnnl_ab) &&
           !dnnl_memory_desc_init_by_tag(&md[1], 2, dims, dnnl_bf16, dnnl_BA16a64b2a) &&
           !dnnl_memory_desc_init_by_tag(&md[2], 2, dims, dnnl_f32, dnnl_ab) &&
           !dnnl_matmul_desc_init(&matmul, &md[0], &md[1], NULL, &md[2]) &&
           !dnnl_primitive_desc_create(&descriptor, &matmul, NULL, engine, NULL) &&
           !dnnl_primitive_create(made, descriptor);
}

static int peak_bf16(void) {
    enum { N = 2048, ROUNDS = 10 };
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t md[3];
    dnnl_memory_t memory[3];
    double best = 1e9;
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) || dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) ||
        !matmul(engine, N, &primitive, md))
        return 3;
    for (int i = 0; i < 3; i++) {
        void *data = calloc(1, dnnl_memory_desc_get_size(&md[i]));
        if (!data || dnnl_memory_create(&memory[i], &md[i], engine, data)) return 3;
    }
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, memory[0]}, {DNNL_ARG_WEIGHTS, memory[1]}, {DNNL_ARG_DST, memory[2]}};
    for (int i = 0; i < ROUNDS; i++) {
        double start = now();
        if (dnnl_primitive_execute(primitive, stream, 3, arguments) || dnnl_stream_wait(stream)) return 3;
        if (now() - start < best) best = now() - start;
    }
    printf("%.1f\n", 2e-9 * N * N * N / best);
    return 0;
}
#else
static int peak_bf16(void) {
    return 3;
}
#endif

static int run(char **command) {
    struct rusage usage;
    int status;
    double start = now();
    pid_t pid = fork();
    if (pid < 0) return 3;
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid || status != 0) return 3;
    printf("%.2f %.0f\n", now() - start, (double)usage.ru_maxrss / 1024);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "peak") == 0) return peak();
    if (argc == 2 && strcmp(argv[1], "peak-bf16") == 0) return peak_bf16();
    if (argc > 2 && strcmp(argv[1], "run") == 0) return run(argv + 2);
    return 2;
}

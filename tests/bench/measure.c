/* usage: measure peak              GFLOP/s of OpenBLAS's f32 matrix product, with its own threads
 *        measure run COMMAND...    seconds and peak RSS in MiB of a command, on standard output */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* wait4 */
#include <cblas.h>
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
    if (argc > 2 && strcmp(argv[1], "run") == 0) return run(argv + 2);
    return 2;
}

/* usage: tokenizer FOLDER TEXTS THREADS    TEXTS holds texts with a NUL behind each. Prints the seconds of the faster
 * of two passes over all of them, and how many ids they have. */
#define _POSIX_C_SOURCE 200809L
#include <bco/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct texts {
    char *bytes;
    const char **text;
    size_t count;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool read_texts(const char *path, struct texts *texts) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) return false;
    size_t size = (size_t)ftell(file);
    rewind(file);
    texts->bytes = malloc(size + 1);
    texts->text = malloc((size + 1) * sizeof *texts->text);
    bool done = texts->bytes && texts->text && fread(texts->bytes, 1, size, file) == size;
    fclose(file);
    for (size_t i = 0; done && i < size; i += strlen(texts->bytes + i) + 1)
        texts->text[texts->count++] = texts->bytes + i;
    return done;
}

static size_t encode_all(const struct bco_tokenizer *tokenizer, const struct texts *texts, int threads) {
    size_t total = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64) reduction(+ : total)
    for (size_t i = 0; i < texts->count; i++) {
        struct bco_ids ids = {0};
        if (bco_tokenizer_encode(tokenizer, texts->text[i], strlen(texts->text[i]), 0, &ids, NULL)) abort();
        total += ids.count;
        bco_ids_free(&ids);
    }
    return total;
}

int main(int argc, char **argv) {
    struct bco_tokenizer *tokenizer;
    struct texts texts = {0};
    double best = 1e9;
    size_t ids = 0;
    if (argc != 4 || !read_texts(argv[2], &texts)) return 2;
    if (bco_tokenizer_open(&tokenizer, argv[1], NULL)) return 1;
    for (int round = 0; round < 2; round++) {
        double start = now();
        ids = encode_all(tokenizer, &texts, atoi(argv[3]));
        if (now() - start < best) best = now() - start;
    }
    printf("%.4f %zu\n", best, ids);
    bco_tokenizer_close(tokenizer);
    free(texts.text);
    free(texts.bytes);
}

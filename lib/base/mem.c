#include "base/mem.h"

#include <stdint.h>
#include <string.h>

void *bco_calloc(size_t count, size_t size) {
    return calloc(count ? count : 1, size ? size : 1);
}

void *bco_malloc(size_t count, size_t size) {
    size_t bytes;
    if (!bco_size_mul(count, size, &bytes)) return NULL;
    return malloc(bytes ? bytes : 1);
}

void *bco_malloc_aligned(size_t count, size_t size) {
    size_t bytes;
    if (!bco_size_mul(count, size, &bytes) || bytes > SIZE_MAX - 64) return NULL;
    return aligned_alloc(64, (bytes + 64) & ~(size_t)63);
}

bool bco_grow_more(void **array, size_t *capacity, size_t need, size_t size) {
    size_t grown, bytes;
    if (!bco_size_add(*capacity, *capacity / 2 + 8, &grown) || grown < need) grown = need;
    if (!bco_size_mul(grown, size, &bytes)) return false;
    void *moved = realloc(*array, bytes);
    if (!moved) return false;
    *array = moved;
    *capacity = grown;
    return true;
}

char *bco_strndup(const char *text, size_t length) {
    size_t bytes;
    if (!bco_size_add(length, 1, &bytes)) return NULL;
    char *copy = malloc(bytes);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

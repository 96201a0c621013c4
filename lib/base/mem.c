/* madvise and its huge pages are not in POSIX; a system without them gives small ones. */
#define _DEFAULT_SOURCE
#include "base/mem.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

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

void *bco_malloc_huge(size_t count, size_t size) {
    size_t bytes;
    if (!bco_size_mul(count, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE) return NULL;
    if (bytes < HUGE_PAGE) return bco_malloc_aligned(count, size);
    void *memory = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
#ifdef MADV_HUGEPAGE
    if (memory) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
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

/* Memory with checked sizes. Every size is a product or a sum that can wrap:
 * these return NULL (or false) instead. free() releases what they give. */
#ifndef BCO_BASE_MEM_H
#define BCO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static inline bool bco_size_mul(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

static inline bool bco_size_add(size_t a, size_t b, size_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

/* `count` elements of `size` bytes, all zero; never NULL for 0 elements. */
void *bco_calloc(size_t count, size_t size);

/* The same without zeros, for what is filled at once. */
void *bco_malloc(size_t count, size_t size);

/* `count` elements, aligned to 64 bytes (a cache line, an AVX-512 register). */
void *bco_malloc_aligned(size_t count, size_t size);

/* The same for what is large and read again and again: it asks for pages of 2 MiB, which need fewer translations of
 * addresses. */
void *bco_malloc_huge(size_t count, size_t size);

/* Makes room for `need` elements in the array *array of *capacity, growing by
 * half at least. false: out of memory, and the array is as it was. */
bool bco_grow_more(void **array, size_t *capacity, size_t need, size_t size);
static inline bool bco_grow(void **array, size_t *capacity, size_t need, size_t size) {
    return need <= *capacity || bco_grow_more(array, capacity, need, size);
}

/* A terminated copy of `length` bytes. */
char *bco_strndup(const char *text, size_t length);

#endif

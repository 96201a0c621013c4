/* Sorting in place, by heaps: qsort may take as much memory again. */
#ifndef BCO_ALIGN_SORT_H
#define BCO_ALIGN_SORT_H

#include <stdbool.h>
#include <stddef.h>

enum { BCO_SORT_BYTES = 8 }; /* of an item */

/* Ascending; items that are equal come in any order, the same each time. */
void bco_sort(void *items, size_t count, bool (*below)(const void *a, const void *b, const void *user),
              const void *user);

#endif

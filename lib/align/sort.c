#include "align/sort.h"

#include <string.h>

struct heap {
    unsigned char *items;
    bool (*below)(const void *a, const void *b, const void *user);
    const void *user;
};

static unsigned char *at(const struct heap *h, size_t i) {
    return h->items + i * BCO_SORT_BYTES;
}

static void swap(const struct heap *h, size_t a, size_t b) {
    unsigned char item[BCO_SORT_BYTES];
    memcpy(item, at(h, a), sizeof item);
    memcpy(at(h, a), at(h, b), sizeof item);
    memcpy(at(h, b), item, sizeof item);
}

/* Item i goes down until neither of those under it is above it. */
static void sink(const struct heap *h, size_t i, size_t count) {
    for (size_t under = 2 * i + 1; under < count; under = 2 * i + 1) {
        if (under + 1 < count && h->below(at(h, under), at(h, under + 1), h->user)) under++;
        if (!h->below(at(h, i), at(h, under), h->user)) return;
        swap(h, i, under);
        i = under;
    }
}

void bco_sort(void *items, size_t count, bool (*below)(const void *a, const void *b, const void *user),
              const void *user) {
    const struct heap h = {items, below, user};
    for (size_t i = count / 2; i-- > 0;) sink(&h, i, count);
    for (size_t i = count; i-- > 1;) {
        swap(&h, 0, i);
        sink(&h, 0, i);
    }
}

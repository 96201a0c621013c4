#include "align/pack.h"

#include "base/mem.h"

#include <string.h>

void bco_pack_free(struct bco_pack *p) {
    free(p->starts);
    free(p->prompt_len);
    free(p->ids);
    *p = (struct bco_pack){0};
}

void bco_pack_clear(struct bco_pack *p) {
    p->count = p->tokens = p->rows = p->run = p->run_rows = 0;
}

int32_t *bco_pack_add(struct bco_pack *p, size_t length, size_t prompt_len) {
    if (!bco_grow((void **)&p->starts, &p->starts_capacity, p->count + 2, sizeof *p->starts) ||
        !bco_grow((void **)&p->prompt_len, &p->prompt_capacity, p->count + 1, sizeof *p->prompt_len) ||
        !bco_grow((void **)&p->ids, &p->ids_capacity, p->tokens + length, sizeof *p->ids))
        return NULL;
    int32_t *ids = p->ids + p->tokens;
    p->prompt_len[p->count] = prompt_len;
    p->starts[p->count++] = p->tokens;
    p->starts[p->count] = p->tokens += length;
    p->rows += length;
    return ids;
}

void bco_pack_share(struct bco_pack *p) {
    if (p->count < 2) return;
    size_t last = p->count - 1, before = last - 1, count = p->prompt_len[last];
    if (count == p->prompt_len[before] &&
        memcmp(p->ids + p->starts[last], p->ids + p->starts[before], count * sizeof *p->ids) == 0) {
        p->rows -= count;
        return;
    }
    p->run = last;
    p->run_rows = p->rows - (p->starts[last + 1] - p->starts[last]);
}

void bco_pack_cut(struct bco_pack *p, size_t count, size_t rows) {
    p->count = count;
    p->rows = rows;
    p->tokens = count ? p->starts[count] : 0;
}

struct bco_batch bco_pack_batch(const struct bco_pack *p) {
    return (struct bco_batch){p->count, p->starts, p->ids, p->prompt_len};
}

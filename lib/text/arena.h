/* Memory that is given back all at once, with a limit on all of it. */
#ifndef BCO_TEXT_ARENA_H
#define BCO_TEXT_ARENA_H

#include <stddef.h>

/* Set `limit` (bytes), the rest to zero. */
struct bco_arena {
    struct bco_arena_block *blocks;
    size_t used, limit;
};

void *bco_arena_get(struct bco_arena *arena, size_t size); /* NULL: out of memory, or over the limit */
char *bco_arena_copy(struct bco_arena *arena, const char *text, size_t length); /* terminated */
void bco_arena_free(struct bco_arena *arena);

#endif

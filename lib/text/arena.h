/* Memory that is given back all at once, with a limit on all of it. */
#ifndef BCO_TEXT_ARENA_H
#define BCO_TEXT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* Set `limit` (bytes), the rest to zero. */
struct bco_arena {
    struct bco_arena_block *blocks;
    size_t used, limit;
    bool failed; /* it was memory that failed, not the limit */
};

void *bco_arena_get(struct bco_arena *arena, size_t size);                 /* NULL: out of memory, or over the limit */
void *bco_arena_array(struct bco_arena *arena, size_t count, size_t size); /* the same for `count` of them */
char *bco_arena_copy(struct bco_arena *arena, const char *text, size_t length); /* terminated */
void bco_arena_free(struct bco_arena *arena);

#endif

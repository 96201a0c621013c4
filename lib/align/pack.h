/* Sequences packed into a batch for the model. */
#ifndef BCO_ALIGN_PACK_H
#define BCO_ALIGN_PACK_H

#include <bco/model.h>
#include <stdbool.h>

/* Zero-initialise it; release it with bco_pack_free. */
struct bco_pack {
    size_t *starts, *prompt_len;
    int32_t *ids;
    size_t count, tokens;
    size_t starts_capacity, prompt_capacity, ids_capacity;
};

void bco_pack_free(struct bco_pack *pack);
void bco_pack_clear(struct bco_pack *pack);

/* Room for one more sequence of `length` tokens, counted in; the caller fills
 * it. NULL: out of memory, and the pack is as it was. */
int32_t *bco_pack_add(struct bco_pack *pack, size_t length, size_t prompt_len);
struct bco_batch bco_pack_batch(const struct bco_pack *pack);

#endif

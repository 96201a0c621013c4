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
    size_t rows;          /* tokens that the model computes: a prompt that is the one before's is not */
    size_t run, run_rows; /* the first sequence of those at the end with one prompt; the rows before it */
    size_t starts_capacity, prompt_capacity, ids_capacity;
};

void bco_pack_free(struct bco_pack *pack);
void bco_pack_clear(struct bco_pack *pack);

/* Room for one more sequence of `length` tokens, counted in; the caller fills
 * it. NULL: out of memory, and the pack is as it was. */
int32_t *bco_pack_add(struct bco_pack *pack, size_t length, size_t prompt_len);
/* Once the last one's ids are there: sees whether its prompt is the one before's. */
void bco_pack_share(struct bco_pack *pack);
/* Back to the first `count` sequences, when there were `rows` rows. */
void bco_pack_cut(struct bco_pack *pack, size_t count, size_t rows);
struct bco_batch bco_pack_batch(const struct bco_pack *pack);

#endif

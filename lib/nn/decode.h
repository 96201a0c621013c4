/* Decoding token by token: a cache of keys and values for several sequences at once. */
#ifndef BCO_NN_DECODE_H
#define BCO_NN_DECODE_H

#include <bco/error.h>
#include <bco/model.h>

struct bco_decoder;

/* A decoder of `slots` sequences of up to `capacity` tokens each (at most the model's
 * positions: BCO_EUSAGE). It keeps `model`, which must outlive it. All slots are empty. */
enum bco_code bco_decoder_open(struct bco_decoder **decoder, struct bco_model *model, size_t slots, size_t capacity,
                               struct bco_error *err);
void bco_decoder_close(struct bco_decoder *decoder); /* NULL is legal */
/* What bco_decoder_open would allocate, in bytes; SIZE_MAX where that is no size. */
size_t bco_decoder_bytes(const struct bco_model *model, size_t slots, size_t capacity);

/* New tokens of some slots: block b's are ids[starts[b]] .. ids[starts[b+1]-1], at least
 * one; they go behind what slot[b] holds. A slot appears once at most. */
struct bco_block {
    size_t blocks;        /* B */
    const size_t *slot;   /* [B] */
    const size_t *starts; /* [B+1], starts[0] = 0 */
    const int32_t *ids;   /* [T] */
};

/* Computes the blocks and remembers them. logits[b*V ..]: after block b's last
 * token, for softmax. Errors: BCO_EDATA for an id outside the vocabulary,
 * BCO_EUSAGE for a slot that would hold more than its capacity; nothing has changed then. A sequence's
 * logits do not depend on the other blocks beyond rounding (1e-5 relative). */
enum bco_code bco_decoder_step(struct bco_decoder *decoder, const struct bco_block *block, float *logits,
                               struct bco_error *err);

size_t bco_decoder_length(const struct bco_decoder *decoder, size_t slot); /* tokens it holds */
void bco_decoder_rewind(struct bco_decoder *decoder, size_t slot,
                        size_t length); /* forgets all but the first `length` */
/* `to` becomes what `from` is: a prompt computed once for several completions. */
void bco_decoder_copy(struct bco_decoder *decoder, size_t from, size_t to);

#endif

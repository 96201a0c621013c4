/* Decoding token by token: a cache of keys and values for several sequences at once. */
#ifndef BCO_NN_DECODE_H
#define BCO_NN_DECODE_H

#include <bco/error.h>
#include <bco/model.h>

struct bco_decoder;

/* A decoder of `slots` sequences. It keeps `model`, which must outlive it. All slots are empty;
 * each has memory for what it holds, for half as much again at most once it grew, and keeps it. */
enum bco_code bco_decoder_open(struct bco_decoder **decoder, struct bco_model *model, size_t slots,
                               struct bco_error *err);
void bco_decoder_close(struct bco_decoder *decoder);         /* NULL is legal */
size_t bco_decoder_bytes(const struct bco_decoder *decoder); /* of keys and values, now */

/* Room for a sequence of `tokens` in a slot, which is empty then: it grows no more. */
enum bco_code bco_decoder_reserve(struct bco_decoder *decoder, size_t slot, size_t tokens, struct bco_error *err);
/* The slot is empty and has no memory. */
void bco_decoder_release(struct bco_decoder *decoder, size_t slot);
/* What bco_decoder_bytes will be once `slot` has been reserved for so many tokens. */
size_t bco_decoder_foreseen(const struct bco_decoder *decoder, size_t slot, size_t tokens);
/* Of memory that a step of T tokens in B blocks needs besides, whose longest sequence has `longest` tokens then. */
size_t bco_decoder_step_bytes(const struct bco_model *model, size_t B, size_t T, size_t longest);

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
 * BCO_EUSAGE for a slot that would hold more tokens than the model has positions; nothing has changed then. A
 * sequence's logits do not depend on the other blocks or on the threads, not in the last bit; on how its own tokens
 * are cut into blocks they do, by rounding. */
enum bco_code bco_decoder_step(struct bco_decoder *decoder, const struct bco_block *block, float *logits,
                               struct bco_error *err);

size_t bco_decoder_length(const struct bco_decoder *decoder, size_t slot); /* tokens it holds */
void bco_decoder_rewind(struct bco_decoder *decoder, size_t slot,
                        size_t length); /* forgets all but the first `length` */
/* `to` becomes the first `length` tokens of `from`: a prompt computed once for several completions. */
enum bco_code bco_decoder_copy(struct bco_decoder *decoder, size_t from, size_t to, size_t length,
                               struct bco_error *err);

#endif

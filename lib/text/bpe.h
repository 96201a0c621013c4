/* Byte pair encoding: a piece of text to ids, by merging neighbours in the
 * order in which the merges were learned. */
#ifndef BCO_TEXT_BPE_H
#define BCO_TEXT_BPE_H

#include "text/vocab.h"

#include <bco/tokenizer.h>
#include <yyjson.h>

struct bco_merge {
    int32_t left, right; /* ids */
    int32_t rank, into;  /* place in the list; the id that both become */
};

struct bco_bpe {
    struct bco_merge *merges; /* open addressing by (left, right); rank -1: empty */
    size_t merge_slots;       /* a power of two */
    size_t merge_count;
    int32_t *into;           /* [merge_count]: by rank */
    int32_t byte_piece[256]; /* <0x..>, -1 where the vocabulary lacks it */
    int32_t unknown;         /* -1: none, characters without a piece vanish */
    bool fuse_unknown;       /* several unknown characters in a row are one */
    bool byte_fallback;      /* characters without a piece become byte_piece, where all of those exist */
    bool ignore_merges;      /* a whole piece that the vocabulary has is taken as it is */
};

/* Room for one encoding, kept between calls. Zero-initialise it. */
struct bco_bpe_room {
    struct bco_symbol *symbols;
    size_t symbols_capacity;
    uint64_t *queue;
    size_t queue_count, queue_capacity;
};
void bco_bpe_room_free(struct bco_bpe_room *room);

/* Reads tokenizer.json's "model" and fills `vocab`, which must be empty. */
enum bco_code bco_bpe_read(struct bco_bpe *bpe, struct bco_vocab *vocab, yyjson_val *model, struct bco_error *err);
void bco_bpe_free(struct bco_bpe *bpe);

/* Appends the ids of a piece of valid UTF-8. */
enum bco_code bco_bpe_encode(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                             struct bco_bpe_room *room, struct bco_ids *ids, struct bco_error *err);

bool bco_ids_add(struct bco_ids *ids, int32_t id); /* false: out of memory */

#endif

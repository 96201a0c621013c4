/* The pieces of a vocabulary: id to text, text to id. */
#ifndef BCO_TEXT_VOCAB_H
#define BCO_TEXT_VOCAB_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_piece {
    char *text; /* NULL: no piece has this id */
    size_t length;
};

struct bco_vocab {
    struct bco_piece *pieces; /* [size] */
    size_t size;              /* greatest id + 1 */
    size_t capacity;
    size_t count;   /* pieces there are */
    int32_t *slots; /* open addressing: id + 1, 0 empty; slot_count is a power of two */
    size_t slot_count;
};

void bco_vocab_free(struct bco_vocab *vocab);

/* BCO_EDATA: the text or the id is there already, or the id is far beyond what `expected` pieces in all need. */
enum bco_code bco_vocab_add(struct bco_vocab *vocab, const char *text, size_t length, uint64_t id, size_t expected,
                            struct bco_error *err);

int32_t bco_vocab_find(const struct bco_vocab *vocab, const char *text, size_t length); /* -1: not there */

#endif

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
    bool added;   /* an added token that is not in the model's vocabulary: its text is not found there */
    bool special; /* a special added token */
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

/* The id of a text, -1: not there. The model itself does not know added tokens. */
int32_t bco_vocab_find_model(const struct bco_vocab *vocab, const char *text, size_t length);
int32_t bco_vocab_find(const struct bco_vocab *vocab, const char *text, size_t length);

#endif

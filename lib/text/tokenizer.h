/* What a tokenizer is made of; the stages have a header each. */
#ifndef BCO_TEXT_TOKENIZER_H
#define BCO_TEXT_TOKENIZER_H

#include "text/added.h"
#include "text/bpe.h"
#include "text/decoder.h"
#include "text/normalizer.h"
#include "text/postprocessor.h"
#include "text/room.h"
#include "text/splitter.h"

struct bco_tokenizer {
    struct bco_vocab vocab;
    struct bco_added added;
    struct bco_normalizer normalizer;
    struct bco_splitter splitter;
    struct bco_bpe bpe;
    struct bco_postprocessor post;
    struct bco_decoder decoder;
    int32_t eos; /* -1: none */
    uint32_t fingerprint;
    struct bco_rooms *rooms;
};

/* The EOS that the files of a model folder name, -1 where they name none. */
enum bco_code bco_eos_read(const struct bco_tokenizer *tokenizer, const char *dir, int32_t *eos, struct bco_error *err);

/* 32 bits of everything in tokenizer.json (its root) that ids depend on, and of BOS and EOS. */
enum bco_code bco_tokenizer_digest(const struct bco_tokenizer *tokenizer, yyjson_val *root, uint32_t *value,
                                   struct bco_error *err);

#endif

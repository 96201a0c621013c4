/* Decoders: pieces to text. */
#ifndef BCO_TEXT_DECODER_H
#define BCO_TEXT_DECODER_H

#include "base/buf.h"
#include "text/pattern.h"

#include <stdint.h>

/* The pieces of a text: bytes one behind the other, and where each ends. */
struct bco_pieces {
    struct bco_buf bytes;
    size_t *ends;
    size_t count, capacity;
};
void bco_pieces_free(struct bco_pieces *pieces);
void bco_pieces_clear(struct bco_pieces *pieces);
bool bco_pieces_end(struct bco_pieces *pieces); /* the bytes added since the last call are a piece */

struct bco_decoder_step {
    enum { DECODE_REPLACE, DECODE_BYTE_FALLBACK, DECODE_FUSE, DECODE_STRIP, DECODE_BYTE_LEVEL, DECODE_METASPACE } kind;
    char *text; /* Replace: the new text; Strip, Metaspace: the character to take away */
    size_t length;
    struct bco_pattern pattern; /* Replace */
    size_t start, stop;         /* Strip: characters at most */
    bool prepended;             /* Metaspace: the first one stands for nothing */
};

struct bco_decoder {
    struct bco_decoder_step *steps;
    size_t count, capacity;
    bool none; /* null: pieces are joined with blanks */
};

enum bco_code bco_decoder_read(struct bco_decoder *decoder, yyjson_val *json, struct bco_error *err);
void bco_decoder_free(struct bco_decoder *decoder);

/* Appends the text of `pieces` to `out`. `pieces` and `scratch` are changed. */
enum bco_code bco_decoder_apply(const struct bco_decoder *decoder, struct bco_pieces *pieces,
                                struct bco_pieces *scratch, struct bco_buf *out, struct bco_error *err);

#endif

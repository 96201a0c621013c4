/* What an encoding needs while it runs. Rooms are kept by the tokenizer and
 * lent to one thread at a time, so that several may encode at once. */
#ifndef BCO_TEXT_ROOM_H
#define BCO_TEXT_ROOM_H

#include "text/added.h"
#include "text/bpe.h"
#include "text/splitter.h"

struct bco_room {
    struct bco_buf text, scratch;     /* normalized text */
    struct bco_cuts_list cuts, inner; /* added tokens in the text, and in a normalized part of it */
    struct bco_splitter_room split;
    struct bco_bpe_room bpe;
    struct bco_room *next;
};

struct bco_rooms;                      /* those that nobody uses */
struct bco_rooms *bco_rooms_new(void); /* NULL: out of memory */
void bco_rooms_free(struct bco_rooms *rooms);
struct bco_room *bco_rooms_take(struct bco_rooms *rooms); /* NULL: out of memory */
void bco_rooms_give(struct bco_rooms *rooms, struct bco_room *room);

#endif

/* Where one record's text ends and the next begins: lines, elements of a JSON
 * list, rows of CSV. It goes on where it stopped when more bytes have come, so
 * a piece of any length is looked at once. */
#ifndef BCO_STREAM_SPLIT_H
#define BCO_STREAM_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#define BCO_PIECE_LIMIT ((size_t)256 << 20) /* bytes that one piece may have */

/* LINES skips blank lines and ends at CRLF too; TEXT gives every line, with all its bytes. */
enum bco_split_kind { BCO_SPLIT_LINES, BCO_SPLIT_TEXT, BCO_SPLIT_ELEMENTS, BCO_SPLIT_ROWS };

/* Set `kind`, `line` (1) and, for rows, `delimiter`; the rest is zero at first. */
struct bco_split {
    enum bco_split_kind kind;
    char delimiter;
    size_t line;       /* of the first byte not yet given out */
    size_t seen;       /* bytes behind it that were looked at */
    size_t lines_seen; /* newlines among them */
    int state;         /* of the piece that has begun */
    size_t depth;
    bool opened, ended; /* the list's [ and ] were there */
    size_t quote_line;  /* of the quote that is open */
    const char *broken; /* BCO_SPLIT_BROKEN: why */
    size_t broken_line;
};

struct bco_piece {
    size_t start, length; /* in the bytes that were handed in */
    size_t line;          /* 1-based, of its first byte */
    size_t open_quote;    /* rows: the line of a quote that nothing closes; else 0 */
};

enum bco_split_result {
    BCO_SPLIT_PIECE,  /* *piece is one; `*used` bytes are done with */
    BCO_SPLIT_MORE,   /* no whole piece: come again with these bytes and more; at the end: that was all */
    BCO_SPLIT_BROKEN, /* nothing can be read behind this */
};

/* `bytes`: all that is not yet used. `last`: nothing will follow. */
enum bco_split_result bco_split_next(struct bco_split *split, const char *bytes, size_t length, bool last,
                                     struct bco_piece *piece, size_t *used);

#endif

/* Pre-tokenizers: normalized text to the spans that are encoded apart. What
 * tokenizer.json asks for is read into three simple steps: putting something in
 * front, replacing, and splitting at matches. */
#ifndef BCO_TEXT_SPLITTER_H
#define BCO_TEXT_SPLITTER_H

#include "base/buf.h"
#include "text/pattern.h"

/* What becomes of a match. */
enum bco_split_behavior {
    SPLIT_REMOVED,
    SPLIT_ISOLATED,
    SPLIT_CONTIGUOUS,
    SPLIT_MERGED_WITH_PREVIOUS,
    SPLIT_MERGED_WITH_NEXT
};

struct bco_splitter_step {
    enum { STEP_PREPEND, STEP_REPLACE, STEP_SPLIT } kind;
    char *text; /* Prepend: what, where a span does not begin with it; Replace: by what */
    size_t length;
    bool only_first;            /* Prepend: only to the span that begins the text */
    struct bco_pattern pattern; /* Replace, Split */
    enum bco_split_behavior behavior;
    bool invert; /* Split: what matches and what does not change places */
};

struct bco_splitter {
    struct bco_splitter_step *steps;
    size_t count, capacity;
    bool byte_level; /* spans are encoded by bytes, each standing for a character of its own */
};

/* null: no steps. BCO_EDATA names the kind that is not supported. */
enum bco_code bco_splitter_read(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err);
void bco_splitter_free(struct bco_splitter *splitter);

struct bco_span {
    size_t start, end;
};
struct bco_spans {
    const char *text;
    struct bco_span *items;
    size_t count, capacity;
};

/* Room for the work, kept between calls. Zero-initialise it. */
struct bco_splitter_room {
    struct bco_spans lists[2];
    struct bco_buf texts[2];
};
void bco_splitter_room_free(struct bco_splitter_room *room);

/* *spans is one of the room's lists. `first`: the text stands at the beginning
 * of what the caller encodes. `text` must hold until the spans are used. */
enum bco_code bco_splitter_apply(const struct bco_splitter *splitter, const char *text, size_t length, bool first,
                                 struct bco_splitter_room *room, const struct bco_spans **spans, struct bco_error *err);

#endif

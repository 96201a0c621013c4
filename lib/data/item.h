/* A binary record ready to be written. */
#ifndef BCO_DATA_ITEM_H
#define BCO_DATA_ITEM_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_item {
    struct bco_hash text;   /* of prompt and completion */
    struct bco_hash prompt; /* of the prompt alone */
    uint64_t completion;    /* of the completion alone; for --contrasted */
    uint64_t rating;        /* equal for equal ratings; for --contrasted */
    uint32_t group;         /* for --by */
    bool up;
    double weight;      /* 1 where the record has none */
    const char *line;   /* JSON with its newline */
    size_t line_length; /* bytes */
    const char *raw;    /* as it stood in the input, for the rejects */
    size_t raw_length;
    const char *file; /* where it came from; the same pointer for the same input */
    size_t number;    /* 1-based line there */
};

#endif

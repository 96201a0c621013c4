/* Two completions of one prompt, for the files that ask about them. */
#ifndef BCO_EVAL_MATCH_H
#define BCO_EVAL_MATCH_H

#include "base/hash.h"

#include <bco/judge.h>

struct bco_side {                   /* one record of one file; NULL where it has no such field */
    char *id, *prompt, *completion; /* JSON text */
    char *raw;                      /* the record as it stood in the file, for --rejects */
    size_t raw_length;
    struct bco_hash id_key, prompt_key; /* of the decoded values */
    size_t line;
    uint64_t length; /* of the completion, in code points */
    size_t partners; /* records of the other file with this key, paired or not */
    bool paired;
};

struct bco_side_list {
    struct bco_side *sides;
    size_t count, capacity;
    char *path;
};

struct bco_pair {
    size_t a, b;   /* in the two lists */
    size_t sample; /* from 1 among the pairs of one key */
    bool several;  /* the key has more than one */
};

struct bco_match {
    struct bco_side_list a, b;
    struct bco_pair *pairs;
    size_t count;
    uint64_t rejected;
};

#endif

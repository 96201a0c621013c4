/* Lines of what was kept, in any order. */
#ifndef BCO_DATA_LINES_H
#define BCO_DATA_LINES_H

#include "stream/kept.h"

#include <bco/error.h>

/* Gets `count` lines, `length` bytes with their newlines. */
typedef enum bco_code bco_lines_take(void *user, const char *lines, size_t length, size_t count, struct bco_error *err);

struct bco_lines {
    const struct bco_kept *kept;
    size_t mean; /* bytes of a line, about */
    int threads; /* 1: all goes on in the caller's; 0: as many as help */
    bco_lines_take *take;
    void *user;
};

/* Hands the lines that begin at `starts` to `take`, in this order, window by window: while one is taken, threads read
 * the next ones. */
enum bco_code bco_lines_read(const struct bco_lines *lines, const uint64_t *starts, size_t count,
                             struct bco_error *err);

#endif

/* What was written to a file and can be read again at any place, by several threads at once. */
#ifndef BCO_STREAM_KEPT_H
#define BCO_STREAM_KEPT_H

#include <bco/error.h>
#include <stddef.h>
#include <stdint.h>

struct bco_kept {
    int fd;
    const char *path, *what; /* for messages */
    uint64_t size;           /* bytes */
};

/* Reads `length` bytes from `offset` on, all of which must be there. */
enum bco_code bco_kept_read(const struct bco_kept *kept, uint64_t offset, void *bytes, size_t length,
                            struct bco_error *err);

#endif

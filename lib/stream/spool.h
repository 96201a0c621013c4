/* Bytes put aside in an anonymous temporary file, and read again anywhere. */
#ifndef BCO_STREAM_SPOOL_H
#define BCO_STREAM_SPOOL_H

#include "stream/kept.h"

#include <bco/error.h>
#include <stddef.h>
#include <stdint.h>

struct bco_spool;

/* `folder` holds the file, which has no name: nothing is left however the process ends. */
enum bco_code bco_spool_open(struct bco_spool **spool, const char *folder, struct bco_error *err);
enum bco_code bco_spool_add(struct bco_spool *spool, const void *bytes, size_t length, struct bco_error *err);
uint64_t bco_spool_size(const struct bco_spool *spool); /* bytes added so far */

/* All that was added so far. It can be read as long as the spool is open, also while more is added. */
enum bco_code bco_spool_kept(struct bco_spool *spool, struct bco_kept *kept, struct bco_error *err);

/* Reads `length` bytes from `offset` on; all of them must have been added. */
enum bco_code bco_spool_read(struct bco_spool *spool, uint64_t offset, void *bytes, size_t length,
                             struct bco_error *err);
void bco_spool_close(struct bco_spool *spool); /* NULL is legal */

#endif

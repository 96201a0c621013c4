/* Bytes in: a file or standard input, plain, zstd (any number of frames) or
 * gzip (any number of members), known by the first bytes. */
#ifndef BCO_STREAM_INPUT_H
#define BCO_STREAM_INPUT_H

#include <bco/error.h>
#include <stddef.h>
#include <stdint.h>

struct bco_input;

/* "-" is standard input. Folders are refused. */
enum bco_code bco_input_open(struct bco_input **input, const char *path, struct bco_error *err);

/* At least one and at most `size` bytes, as many as can be had without waiting
 * for more; *got 0 at the end. A stream that ends too early, or is broken, is
 * BCO_EDATA, a failed read BCO_ESYSTEM. */
enum bco_code bco_input_read(struct bco_input *input, void *bytes, size_t size, size_t *got, struct bco_error *err);

/* Bytes of the file that were needed for all that was read. */
uint64_t bco_input_used(const struct bco_input *input);

/* From now on a read that waits gives up (BCO_ESYSTEM) as soon as `fd` can be read or is at its end. */
void bco_input_give_up_on(struct bco_input *input, int fd);

void bco_input_close(struct bco_input *input); /* NULL is legal */

#endif

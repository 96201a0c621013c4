/* Bytes out: a file that appears whole or not at all, or standard output;
 * compressed where the name ends in .zst or .gz. What is no regular file
 * (/dev/null, a FIFO) is written directly. */
#ifndef BCO_STREAM_OUTPUT_H
#define BCO_STREAM_OUTPUT_H

#include "base/buf.h"
#include "stream/kept.h"

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_output;

/* `path` NULL or "-": standard output. */
enum bco_code bco_output_open(struct bco_output **output, const char *path, struct bco_error *err);
enum bco_code bco_output_write(struct bco_output *output, const void *bytes, size_t length, struct bco_error *err);

/* The bytes that wait to be written, to be appended to; bco_output_settle must follow. */
struct bco_buf *bco_output_buffer(struct bco_output *output);
enum bco_code bco_output_settle(struct bco_output *output, struct bco_error *err);

/* Writes what waits, now: what a reader of a pipe or of a log is to see at once. */
enum bco_code bco_output_flush(struct bco_output *output, struct bco_error *err);

/* True where what was written can be read again before the output is closed: a plain file. */
bool bco_output_keeps(const struct bco_output *output);
uint64_t bco_output_size(const struct bco_output *output); /* bytes written so far */

/* All that was written so far, to an output that keeps it. It can be read until the output is closed, also while more
 * is written. */
enum bco_code bco_output_kept(struct bco_output *output, struct bco_kept *kept, struct bco_error *err);

/* Makes the file appear; frees in any case. */
enum bco_code bco_output_close(struct bco_output *output, struct bco_error *err);
void bco_output_discard(struct bco_output *output); /* no trace; NULL is legal */

#endif

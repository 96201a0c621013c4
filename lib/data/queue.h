/* Between the thread that reads and judges records and the filter, which needs
 * them in order: batches, which another thread takes through the filter while
 * the next one is made. */
#ifndef BCO_DATA_QUEUE_H
#define BCO_DATA_QUEUE_H

#include "base/buf.h"
#include "data/filter.h"

struct bco_queue;

/* `threads` 1: no other thread, the same results. `filter` must outlive it. */
enum bco_code bco_queue_new(struct bco_queue **queue, struct bco_filter *filter, int threads, struct bco_error *err);
void bco_queue_free(struct bco_queue *queue); /* stops at once what bco_queue_finish has not ended */

/* Where the next record's lines are to be appended. After it, bco_queue_add, or bco_queue_cancel to take them back. */
struct bco_buf *bco_queue_lines(struct bco_queue *queue);
void bco_queue_cancel(struct bco_queue *queue);

/* `count` items whose lines were appended, one behind the other: each has its line_length, not its line. Raw texts
 * are copied. */
enum bco_code bco_queue_add(struct bco_queue *queue, const struct bco_item *items, size_t count, struct bco_error *err);
enum bco_code bco_queue_reject(struct bco_queue *queue, const struct bco_error *reason, const char *raw, size_t length,
                               struct bco_error *err);

/* What bco_filter_foresee is told before the items being made. */
void bco_queue_foresee(struct bco_queue *queue, double share);

/* Waits until the filter has seen all; the filter's first error, if any. */
enum bco_code bco_queue_finish(struct bco_queue *queue, struct bco_error *err);

#endif

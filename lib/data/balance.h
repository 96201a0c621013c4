/* The last step of every converter: as many ups as downs. */
#ifndef BCO_DATA_BALANCE_H
#define BCO_DATA_BALANCE_H

#include <bco/filter.h>
#include <bco/record.h>

struct bco_balancer;

/* Writes to `out` and counts in `counts` (out, up, down, by_balance, added). `options`, `out` and `counts`
 * must outlive it. */
enum bco_code bco_balancer_new(struct bco_balancer **balancer, const struct bco_filter_options *options,
                               struct bco_writer *out, struct bco_filter_counts *counts, struct bco_error *err);
void bco_balancer_free(struct bco_balancer *balancer);

/* One record: a line of JSON with its newline. `weight` is what the record says, 1 where it says nothing. */
enum bco_code bco_balancer_add(struct bco_balancer *balancer, bool up, double weight, const char *line, size_t length,
                               struct bco_error *err);

/* What could not be written before all records were known. BCO_EDATA: a class has no records. */
enum bco_code bco_balancer_finish(struct bco_balancer *balancer, struct bco_error *err);

#endif

/* The last step of every converter: as many ups as downs, or in a given ratio, in every group. */
#ifndef BCO_DATA_BALANCE_H
#define BCO_DATA_BALANCE_H

#include "data/groups.h"
#include "data/item.h"

#include <bco/filter.h>
#include <bco/record.h>

struct bco_balancer;

/* Writes to `out` and counts in `counts` (out, up, down, by_balance, added). `groups` NULL: all records are one
 * group. What it is given must outlive it. */
enum bco_code bco_balancer_new(struct bco_balancer **balancer, const struct bco_filter_options *options,
                               const struct bco_groups *groups, struct bco_writer *out,
                               struct bco_filter_counts *counts, struct bco_error *err);
void bco_balancer_free(struct bco_balancer *balancer);

enum bco_code bco_balancer_add(struct bco_balancer *balancer, const struct bco_item *item, struct bco_error *err);

/* What could not be written before all records were known. BCO_EDATA: a class has no records. */
enum bco_code bco_balancer_finish(struct bco_balancer *balancer, struct bco_error *err);

#endif

/* What happens to a record once its rule has spoken, in the order of the
 * records: contradictions, duplicates, balance, and the account of it all. */
#ifndef BCO_DATA_FILTER_H
#define BCO_DATA_FILTER_H

#include "data/groups.h"
#include "data/item.h"

#include <bco/filter.h>
#include <bco/record.h>

struct bco_filter;

/* `groups` NULL: one group; `rejects` NULL: none. What it is given must outlive it. */
enum bco_code bco_filter_new(struct bco_filter **filter, const struct bco_filter_options *options,
                             const struct bco_groups *groups, struct bco_writer *out, struct bco_writer *rejects,
                             struct bco_filter_counts *counts, struct bco_error *err);
void bco_filter_free(struct bco_filter *filter);

/* Fetches what the filter knows of an item to come into the cache. */
void bco_filter_prefetch(const struct bco_filter *filter, const struct bco_item *item);

/* The share of the inputs that the items so far and the next ones come from; 0: unknown. */
void bco_filter_foresee(struct bco_filter *filter, double share);

/* True when items need their raw text. */
bool bco_filter_wants_raw(const struct bco_filter *filter);

/* The next good record. */
enum bco_code bco_filter_add(struct bco_filter *filter, const struct bco_item *item, struct bco_error *err);

/* The next bad one: to the rejects, or `reason` comes back as the error. */
enum bco_code bco_filter_reject(struct bco_filter *filter, const struct bco_error *reason, const char *raw,
                                size_t raw_length, struct bco_error *err);

enum bco_code bco_filter_finish(struct bco_filter *filter, struct bco_error *err);

#endif

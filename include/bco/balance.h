/* Binary records in balance: what binbalance(1) does. */
#ifndef BCO_BALANCE_H
#define BCO_BALANCE_H

#include <bco/error.h>
#include <bco/filter.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the counts that bco_stat_write_json wrote to the file `path`. BCO_EDATA: there are no counts of 1 or
 * more in it. */
BCO_API enum bco_code bco_balance_counts(const char *path, uint64_t *up, uint64_t *down, struct bco_error *err);

/* The same for part number `part` (0-based) of `count`, whose counts stand in `paths`, in order; any of them may be 0.
 * Fills given, part and before. BCO_EDATA also where all together have no records of a class, or the part has none. */
BCO_API enum bco_code bco_balance_part(struct bco_filter_options *options, const char *const *paths, size_t count,
                                       size_t part, struct bco_error *err);

/* Reads "UP:DOWN", two decimal numbers above 0, as ups for each down, for struct bco_filter_options. False: it is no
 * ratio, or one of a billion or more. */
BCO_API bool bco_ratio_parse(const char *text, double *ratio);

/* As bco_likert_run, of records that are binary already: text rules and balance; duplicates
 * and conflicts stay. `by` is a key or path: balance inside each of its values; NULL: over all. `by` with given
 * counts is BCO_EUSAGE, for they have no groups; so is a 500,001st value. */
BCO_API enum bco_code bco_balance_run(const struct bco_filter_options *options, const char *by,
                                      struct bco_reader *reader, struct bco_writer *out, struct bco_writer *rejects,
                                      struct bco_filter_counts *counts, const struct bco_watch *watch,
                                      struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

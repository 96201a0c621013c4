/* The values of a field that records are grouped by, numbered in the order of their first appearance. */
#ifndef BCO_DATA_GROUPS_H
#define BCO_DATA_GROUPS_H

#include <bco/record.h>
#include <stdint.h>

struct bco_groups;

struct bco_groups *bco_groups_new(void); /* NULL: out of memory */
void bco_groups_free(struct bco_groups *groups);

/* The number of the record's group. BCO_EDATA: the field is missing; BCO_EUSAGE: it is group 500,001. */
enum bco_code bco_groups_find(struct bco_groups *groups, const struct bco_record *record, const char *field,
                              uint32_t *number, struct bco_error *err);

/* The value as JSON, cut to a sensible length. */
const char *bco_groups_name(const struct bco_groups *groups, uint32_t number);

#endif

/* What a collection of verdicts holds, for the files that compute with it. */
#ifndef BCO_EVAL_VERDICTS_H
#define BCO_EVAL_VERDICTS_H

#include "data/table.h"

#include <bco/winrate.h>

struct bco_cluster { /* the valid verdicts on one prompt of one group */
    size_t group;
    double sum; /* of y */
    uint64_t n;
};

struct bco_group {
    char *name; /* JSON text */
    uint64_t n, wins, ties, losses, invalid;
    double sum;          /* of y */
    double mean, square; /* Welford's: of y, and the sum of (y - mean)^2 */
};

struct bco_verdicts {
    enum bco_verdict_format format;
    char *by; /* NULL: one group */
    struct bco_group *groups;
    size_t group_count, group_capacity;
    struct bco_cluster *clusters;
    size_t cluster_count, cluster_capacity;
    struct bco_table *group_table, *cluster_table; /* a size_t each: the index */
    struct bco_table *record_table, *judge_table;  /* sets */
    uint64_t records, repeated;
};

#endif

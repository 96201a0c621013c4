/* The inside of a collection of verdicts: what was said (rows), and sums over
 * the verdicts that hang together. */
#ifndef BCO_EVAL_VERDICTS_H
#define BCO_EVAL_VERDICTS_H

#include "data/table.h"

#include <bco/winrate.h>

/* One record, read. */
struct bco_verdict {
    bool valid, strong;
    double y;          /* 1 A, 0 B, 1/2 a tie */
    double difference; /* length of B less that of A; 0 where lengths are not wanted */
};

enum bco_code bco_verdict_read(enum bco_verdict_format format, bool lengths, const struct bco_record *record,
                               struct bco_verdict *verdict, struct bco_error *err);

struct bco_row { /* a valid verdict */
    size_t group, cluster;
    size_t place; /* among its group's annotations, or the place of its prompt among the group's prompts; from 0 */
    double y, weight, difference;
};

struct bco_cluster { /* the verdicts on one prompt of one group */
    struct bco_hash prompt;
    size_t group, place;
    double sum, weight; /* of weight y, of weight */
    uint64_t n;         /* valid ones; it may be 0 */
};

struct bco_group {
    char *name; /* JSON text */
    uint64_t n, wins, ties, losses, strong, invalid;
    double sum, weight; /* of weight y, of weight */
    size_t prompts;     /* with invalid verdicts only, too */
};

struct bco_verdicts {
    enum bco_verdict_format format;
    bool lengths;
    double strong_weight;
    char *by; /* NULL: one group */
    struct bco_row *rows;
    size_t row_count, row_capacity;
    struct bco_group *groups;
    size_t group_count, group_capacity;
    struct bco_cluster *clusters;
    size_t cluster_count, cluster_capacity;
    struct bco_table *group_table, *cluster_table; /* a size_t each: the index */
    struct bco_table *record_table, *judge_table;  /* sets */
    struct bco_hash *judges;                       /* what judge_table holds */
    size_t judge_capacity;
    uint64_t records, repeated;
};

/* The key of a group's prompt in cluster_table. */
struct bco_hash bco_cluster_key(size_t group, struct bco_hash prompt);

#endif

/* Train, validation and test records with no prompt in two of them: what binsplit(1) does. */
#ifndef BCO_SPLIT_H
#define BCO_SPLIT_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/watch.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bco_side { BCO_SIDE_TRAIN, BCO_SIDE_VALID, BCO_SIDE_TEST };
enum { BCO_SIDES = 3 };

struct bco_split_options {
    const char *by;                 /* key or path; NULL: "prompt". Records with equal values are on one side */
    double valid_share, test_share; /* of the values, not of the records; 0 or more, together below 1 */
    uint64_t seed;
};

/* in = out[] + rejected */
struct bco_split_counts {
    uint64_t in, rejected;
    uint64_t out[BCO_SIDES];
};

/* The side depends on the value, the seed and the shares alone: other records never move it. A text
 * counts by its characters, anything else by its JSON with keys in order. `out[BCO_SIDE_TEST]` may be NULL
 * where test_share is 0. Bad records (without the field) go to `rejects`; NULL: the first ends the run. */
BCO_API enum bco_code bco_split_run(const struct bco_split_options *options, struct bco_reader *reader,
                                    struct bco_writer *const out[BCO_SIDES], struct bco_writer *rejects,
                                    struct bco_split_counts *counts, const struct bco_watch *watch,
                                    struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

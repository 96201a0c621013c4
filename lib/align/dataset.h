/* Records in memory: numbers here, token ids in a file without a name. */
#ifndef BCO_ALIGN_DATASET_H
#define BCO_ALIGN_DATASET_H

#include "base/buf.h"

#include <bco/train.h>

/* A sample: a completion with its class. Entry 2r is that of record r, 2r + 1 the rejected half of a pair. */
struct bco_entry {
    double ref_logp;
    double weight;
    uint32_t length, prompt_len;
    bool up;
    bool second; /* the rejected half of the entry before */
};

enum { BCO_RECORD_BYTES = 48 }; /* what stays in memory of a record, be it a pair */

size_t bco_dataset_records(const struct bco_dataset *dataset);
size_t bco_dataset_halves(const struct bco_dataset *dataset, size_t record); /* 2: a pair whose halves both count */
struct bco_entry bco_dataset_entry(const struct bco_dataset *dataset, size_t i);
/* Puts the entries of records first, first + 1, ... into `entries`, of room for 2 * records; their count. */
size_t bco_dataset_list(const struct bco_dataset *dataset, size_t first, size_t records, size_t *entries);

/* Copies the entry's `length` ids. */
enum bco_code bco_dataset_ids(const struct bco_dataset *dataset, size_t i, int32_t *ids, struct bco_error *err);

/* KTO: the entry's prompt with another one's completion. */
struct bco_mismatch {
    double ref_logp;
    uint32_t length, prompt_len; /* tokens */
};
enum bco_code bco_dataset_mismatch(const struct bco_dataset *dataset, size_t i, struct bco_mismatch *mismatch,
                                   struct bco_error *err);
enum bco_code bco_dataset_mismatch_ids(const struct bco_dataset *dataset, size_t i, const struct bco_mismatch *mismatch,
                                       int32_t *ids, struct bco_error *err);

/* Appends where the entry's record came from, "train.jsonl:12", and its id where it has one. */
void bco_dataset_name(const struct bco_dataset *dataset, size_t i, struct bco_buf *text);

/* Of everything that training sees. */
uint64_t bco_dataset_fingerprint(const struct bco_dataset *dataset);

/* True where the reference is the model as it was read: rewards start at 0. */
bool bco_dataset_starts_at_reference(const struct bco_dataset *dataset);
/* The same model, but log-probs of another precision. */
bool bco_dataset_is_mixed(const struct bco_dataset *dataset);

#endif

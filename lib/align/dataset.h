/* Records in memory: numbers here, token ids in a file without a name. */
#ifndef BCO_ALIGN_DATASET_H
#define BCO_ALIGN_DATASET_H

#include "base/buf.h"

#include <bco/train.h>

/* A sample: a completion with its class. The halves of a pair stand one behind the other. */
struct bco_entry {
    uint64_t offset; /* in the spool, bytes: the ids, the record's name, and for kto the mismatched completion */
    double ref_logp;
    double weight;
    uint64_t line;
    uint32_t length, prompt_len;
    uint16_t file, name_length;
    bool up;
    bool second; /* the rejected half of the entry before */
};

size_t bco_dataset_entries(const struct bco_dataset *dataset);
const struct bco_entry *bco_dataset_entry(const struct bco_dataset *dataset, size_t i);

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

#endif

/* Records read, checked, turned into sequences; bad ones put aside where there
 * is a place for them. The cache and the trainer read through this. */
#ifndef BCO_ALIGN_SOURCE_H
#define BCO_ALIGN_SOURCE_H

#include <bco/model.h>
#include <bco/record.h>
#include <bco/sequence.h>

struct bco_source {
    struct bco_reader *reader;
    struct bco_writer *rejects;            /* NULL: the first bad record is an error */
    const struct bco_tokenizer *tokenizer; /* NULL where limits.ids */
    size_t vocabulary;
    bool need_label;
    struct bco_limits limits;
    uint64_t shard, shards; /* as in struct bco_refcache */
    /* More to check or to learn before the sequences are made; may be NULL. *skip leaves the record out. */
    enum bco_code (*look)(void *user, const struct bco_record *record, const struct bco_sample *sample, bool *skip,
                          struct bco_error *err);
    void *user;

    bool fatal;            /* what `look` found concerns all records: not to be rejected */
    uint64_t seen;         /* records of all shards */
    uint64_t in, rejected; /* records of this one */
    struct bco_cuts cuts;
};

/* The next good record with its sample and sequences (at least one; the caller
 * frees them), or *record NULL at the end. Dropped records are passed over. */
enum bco_code bco_source_next(struct bco_source *source, struct bco_record **record, struct bco_sample *sample,
                              struct bco_sequences *sequences, struct bco_error *err);

/* The record that came last goes to the rejects, `err` being the reason, or is the error. */
enum bco_code bco_source_reject(struct bco_source *source, enum bco_code code, struct bco_error *err);

#endif

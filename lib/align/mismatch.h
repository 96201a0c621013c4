/* KTO's mismatched completions: in a run of records each one is given the
 * completion of the record before it, and the first one that of the last. */
#ifndef BCO_ALIGN_MISMATCH_H
#define BCO_ALIGN_MISMATCH_H

#include <bco/record.h>
#include <bco/sequence.h>

/* Names of a record's fields: of a completion, or of a pair's halves. */
struct bco_mismatch_names {
    const char *completion, *ids; /* kl_completion, ...: whichever the limits ask for */
    const char *ref_logp;
};
const struct bco_mismatch_names *bco_mismatch_names(bool pair, size_t half);

/* Gives `record` the completions of `previous`, half by half where both are pairs. */
enum bco_code bco_mismatch_add(struct bco_record *record, const struct bco_record *previous, bool ids,
                               struct bco_error *err);

/* Its own prompt with the completions it was given, cut to the limits (never dropped). Errors carry file, line and
 * field; a completion that is not there names bco-refcache. `tokenizer` may be NULL where limits->ids. */
enum bco_code bco_mismatch_sequences(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                     size_t vocabulary, const struct bco_record *record,
                                     const struct bco_sample *sample, struct bco_sequences *sequences,
                                     struct bco_error *err);

#endif

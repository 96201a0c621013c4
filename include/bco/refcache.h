/* Reference log-probs: records in, the same with ref_logp, ref_tokens and
 * ref_id out; a store that keeps results between runs. */
#ifndef BCO_REFCACHE_H
#define BCO_REFCACHE_H

#include <bco/error.h>
#include <bco/model.h>
#include <bco/record.h>
#include <bco/sequence.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ref_id: what computed a reference log-prob ---------------------------------- */

struct bco_reference_id {
    uint32_t weights;       /* bco_model_fingerprint */
    uint32_t tokenizer;     /* bco_tokenizer_fingerprint; 0: records with ids */
    uint32_t chat_template; /* bco_template_fingerprint; 0: the record has texts or ids, no messages */
    struct bco_limits limits;
    enum bco_precision precision; /* of the products */
};

/* A size that holds every ref_id with its terminator. */
#define BCO_REFERENCE_ID_SIZE 128

/* `weights-tokenizer-template-limits`, as
 * "1a2b3c4d-5e6f7a8b-00000000-256.128.truncate.bos.eos.f32", into `text`, terminated. */
BCO_API void bco_reference_id_format(const struct bco_reference_id *id, char text[BCO_REFERENCE_ID_SIZE]);

/* False: this is no ref_id. limits.ids is true where the tokenizer is 0. */
BCO_API bool bco_reference_id_parse(struct bco_reference_id *id, const char *text, size_t length);

/* Names the parts in which `got` differs, each as "weights 1a2b3c4d, expected
 * 00c0ffee", with commas between, into `text` of `size` bytes. False: none. */
BCO_API bool bco_reference_id_differs(const struct bco_reference_id *got, const struct bco_reference_id *expected,
                                      char *text, size_t size);

/* ---- the store --------------------------------------------------------------------- */

/* A folder with an LMDB environment: fingerprint in, result out. Several
 * processes may use one at once; a process that is killed leaves it whole. One
 * thread at a time may use a handle, and a process may have one handle on a store, as LMDB has it. */
struct bco_store;

struct bco_store_key {
    uint64_t low, high;
};

struct bco_reference {
    double logp;     /* nats */
    uint64_t tokens; /* completion tokens that it is the sum over */
};

/* The key of a sequence's log-prob: a fingerprint of `model`, the exact ids and where the completion starts. `model`
 * stands for the model and the precision: its fingerprint in f32, the complement of that in bf16. */
BCO_API struct bco_store_key bco_store_key_of(uint32_t model, const int32_t *ids, size_t length, size_t prompt_len);

/* Opens the store in the folder `dir`, which is made where it is missing.
 * BCO_EDATA: it holds something else, or a damaged store. BCO_ESYSTEM: it cannot be opened or made. */
BCO_API enum bco_code bco_store_open(struct bco_store **store, const char *dir, struct bco_error *err);
BCO_API void bco_store_close(struct bco_store *store); /* NULL is legal */

/* For each of `count` keys: found[i], and results[i] where found. */
BCO_API enum bco_code bco_store_get(struct bco_store *store, size_t count, const struct bco_store_key *keys,
                                    bool *found, struct bco_reference *results, struct bco_error *err);

/* Adds or replaces `count` results: all of them or, on an error, none; on the disk when it returns. */
BCO_API enum bco_code bco_store_put(struct bco_store *store, size_t count, const struct bco_store_key *keys,
                                    const struct bco_reference *results, struct bco_error *err);

/* ---- the cache ------------------------------------------------------------------------ */

/* What a run works with, and how. Everything it points to is the caller's. */
struct bco_refcache {
    struct bco_model *model;
    const struct bco_tokenizer *tokenizer; /* NULL where limits.ids */
    struct bco_store *store;               /* NULL: none */
    struct bco_reader *reader;
    struct bco_writer *writer;
    struct bco_writer *rejects; /* NULL: the first bad record is an error */
    struct bco_limits limits;   /* as bco_refcache_limits left them */
    size_t batch_tokens;        /* tokens computed at once, unless one sequence has more; 0: chosen here */
    uint64_t shard, shards;     /* only record k (from 0) with k mod shards = shard - 1; shards 0 or 1: all */
    /* KTO: in each run of so many records, in their order, each record is given the completion of the one before it,
     * the first that of the last; 0: none, else at least 2. */
    size_t kto_batch;
};

struct bco_refcache_counts {
    uint64_t in, out, rejected;          /* records; in: of this shard */
    uint64_t computed, stored, repeated; /* sequences: through the model, from the store, same as one before them */
    uint64_t tokens;                     /* that went through the model */
    uint64_t same_prompts;               /* kto_batch: records whose mismatched completion is one of their own prompt */
    struct bco_cuts cuts;
};

/* max_length 0 becomes min(1024, the model's positions), max_prompt 0 half of
 * max_length; where limits->ids, bos and eos become false. Then bco_limits_check.
 * BCO_EDATA: the tokenizer has more ids than the model. `tokenizer` may be NULL. */
BCO_API enum bco_code bco_refcache_limits(struct bco_limits *limits, const struct bco_model *model,
                                          const struct bco_tokenizer *tokenizer, struct bco_error *err);

/* Reads all records, writes them in their order with ref_logp, ref_tokens and
 * ref_id (pairs: ref_logp_chosen, ref_logp_rejected, ref_tokens_chosen, ref_tokens_rejected, ref_id). With kto_batch
 * also kl_completion (kl_completion_ids; pairs: kl_chosen and kl_rejected) and ref_logp_kl (ref_logp_kl_chosen,
 * ref_logp_kl_rejected), of the record's prompt with that completion, cut to the limits where it is overlong whatever
 * they say; without it a ref_logp_kl that is there is removed, as it was another reference's. Records that are put
 * aside or left out give nothing; the one record of a last run takes the completion before it. Memory: a window of
 * records, however many there are. `counts` is filled on errors too. */
BCO_API enum bco_code bco_refcache_run(const struct bco_refcache *cache, const struct bco_watch *watch,
                                       struct bco_refcache_counts *counts, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

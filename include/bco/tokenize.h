/* Token ids of records and texts, to look at: what bco-tokenize(1) does. */
#ifndef BCO_TOKENIZE_H
#define BCO_TOKENIZE_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/template.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bco_tokenize_mode {
    BCO_TOKENIZE_RECORDS, /* adds prompt_ids and completion_ids (pairs: chosen_ids, rejected_ids) */
    BCO_TOKENIZE_TEXT,    /* a record's `text` to {"ids":[...]} */
    BCO_TOKENIZE_DECODE,  /* a record's `ids` to {"text":"..."} */
    BCO_TOKENIZE_SHOW     /* `messages` to {"text"}, `prompt` and `completion` to {"prompt_text","completion_text"} */
};

struct bco_tokenize_options {
    enum bco_tokenize_mode mode;
    bool bos, eos;                   /* RECORDS: add them where the tokenizer has them */
    bool special;                    /* TEXT: add what the post-processor adds */
    bool skip_special;               /* DECODE: leave special tokens out */
    bool pieces;                     /* the pieces beside the ids; RECORDS: the mask too (1 where a token counts) */
    const struct bco_template *chat; /* of records with messages; SHOW: must be there. Not owned */
    const struct bco_template_options *chat_options; /* NULL: none */
    bool strict_template; /* a prompt whose rendering is no prefix of the whole is an error */
    int threads;          /* 0: all the cores this process may use */
};

/* Lengths in tokens; all 0 where nothing was counted. Quantiles are lengths that
 * occur: the least one that is not below the share. */
struct bco_token_lengths {
    uint64_t count, tokens;
    uint64_t min, p25, p50, p75, p95, max;
    double mean;
};

struct bco_tokenize_counts {
    uint64_t in, out, rejected; /* records */
    uint64_t parted;            /* sequences of messages whose prompt's rendering is no prefix of the whole */
    struct bco_token_lengths prompt, completion; /* RECORDS: with BOS and EOS; a pair's prompt counts twice */
    struct bco_token_lengths whole;              /* sequences, or texts */
};

/* Reads every record of `reader` and writes to `out` (NULL: only counts). Bad
 * records go to `rejects`; NULL: the first one ends the run with BCO_EDATA. Order is
 * kept whatever the number of threads. `counts` is filled on errors too.
 * `tokenizer` may be NULL for SHOW.
 * BCO_EDATA also where there are no records, and where EOS is wanted and the tokenizer has none. */
BCO_API enum bco_code bco_tokenize_run(const struct bco_tokenizer *tokenizer,
                                       const struct bco_tokenize_options *options, struct bco_reader *reader,
                                       struct bco_writer *out, struct bco_writer *rejects,
                                       struct bco_tokenize_counts *counts, const struct bco_watch *watch,
                                       struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

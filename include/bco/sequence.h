/* Sequences: what a model sees of a record. ids = [BOS?] prompt ++ completion
 * ++ [EOS], prompt and completion tokenised apart, cut to limits. */
#ifndef BCO_SEQUENCE_H
#define BCO_SEQUENCE_H

#include <bco/error.h>
#include <bco/record.h>
#include <bco/template.h>
#include <bco/tokenizer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bco_sequence {
    int32_t *ids;      /* `length` of them */
    size_t length;     /* tokens */
    size_t prompt_len; /* tokens before the first completion token, at least 1 */
};
BCO_API void bco_sequence_free(struct bco_sequence *sequence); /* its ids; the struct is the caller's; NULL is legal */

enum bco_overlong { BCO_OVERLONG_TRUNCATE, BCO_OVERLONG_DROP, BCO_OVERLONG_ERROR };

struct bco_limits {
    size_t max_length; /* tokens, of the whole sequence; at least 2, or 0: no limit */
    size_t max_prompt; /* tokens of the prompt that truncation leaves, BOS not counted */
    enum bco_overlong overlong;
    bool bos, eos; /* add them where the tokenizer has them */
    bool ids;      /* records carry ids: no tokenizer, no BOS, no EOS */
    /* Of records with messages, which get no BOS and no EOS but the template's. Not owned. */
    const struct bco_template *chat;                 /* NULL: messages are an error */
    const struct bco_template_options *chat_options; /* NULL: none */
    bool strict_template; /* a prompt whose rendering is no prefix of the whole is an error */
};

/* What must hold before the first record is read. BCO_EUSAGE: max_length is 1, or
 * more than the model's `positions` (0: not known). BCO_EDATA: an EOS is wanted
 * and the tokenizer has none; the message names --no-eos. `tokenizer` NULL: not looked at. */
BCO_API enum bco_code bco_limits_check(const struct bco_limits *limits, const struct bco_tokenizer *tokenizer,
                                       size_t positions, struct bco_error *err);

/* What was cut, for the summary. Calls add to it. */
struct bco_cuts {
    uint64_t prompts;     /* prompts that lost their start */
    uint64_t completions; /* completions that lost their end (and so have no EOS) */
    uint64_t dropped;     /* sequences left out: overlong (of a record with two: one) */
    uint64_t parted;      /* sequences of messages cut where the renderings part, as the prompt's is no prefix */
};

/* The sequence of a prompt and a completion. `tokenizer` may be NULL where
 * limits->ids. *dropped says that it is overlong and limits say to drop it (then
 * the sequence is empty). `cuts` may be NULL.
 * Truncation acts only where BOS + prompt + completion + EOS is longer than
 * max_length: BOS stays, the prompt loses its first tokens but keeps max_prompt,
 * then the completion loses its last ones, EOS first; one completion token
 * always stays, and where that needs room the prompt gives it.
 * Messages: both must be; text = template(prompt ++ completion), cut where
 * bco_template_split says, and the halves are tokenised apart.
 * BCO_EDATA: the prompt or the completion has no tokens; not UTF-8; overlong
 * under BCO_OVERLONG_ERROR. err->field is "prompt" or "completion". */
BCO_API enum bco_code bco_sequence_of_text(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                           const struct bco_text *prompt, const struct bco_text *completion,
                                           struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                           struct bco_error *err);

/* The same from ids that the record carries. Ids are checked against
 * `vocabulary` (0: only that they are not negative). */
BCO_API enum bco_code bco_sequence_of_ids(const struct bco_limits *limits, size_t vocabulary, const int32_t *prompt,
                                          size_t prompt_count, const int32_t *completion, size_t completion_count,
                                          struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                          struct bco_error *err);

/* All sequences of a record: one of a binary record, two of a pair (chosen,
 * rejected), or none where `dropped`. */
struct bco_sequences {
    struct bco_sequence items[2];
    size_t count; /* 0 to 2 */
    bool dropped; /* overlong, and limits say to drop it; a pair goes as a whole */
};
BCO_API void bco_sequences_free(struct bco_sequences *sequences); /* NULL is legal */

/* Makes them from `record`, which `sample` was read from (bco_record_sample with
 * the same `ids` as limits->ids): from its texts or messages, or from
 * prompt_ids, completion_ids (chosen_ids, rejected_ids). `vocabulary` is the
 * model's: a token beyond it is BCO_EDATA, whether it comes from the record or
 * from a tokenizer that is not this model's; 0: not checked. Errors carry the
 * record's file, line and field. `tokenizer` may be NULL where limits->ids, `cuts` always.
 * Thread-safe for different records: threads may share `tokenizer` and `limits`. */
BCO_API enum bco_code bco_sequences_of_record(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                              size_t vocabulary, const struct bco_record *record,
                                              const struct bco_sample *sample, struct bco_sequences *sequences,
                                              struct bco_cuts *cuts, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

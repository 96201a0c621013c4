/* Sequences: what a model sees of a record. ids = [BOS?] prompt ++ completion
 * ++ [EOS], prompt and completion tokenised apart, cut to limits. */
#ifndef BCO_SEQUENCE_H
#define BCO_SEQUENCE_H

#include <bco/error.h>
#include <bco/record.h>
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
BCO_API void bco_sequence_free(struct bco_sequence *sequence); /* its ids; the struct is the caller's */

enum bco_overlong { BCO_OVERLONG_TRUNCATE, BCO_OVERLONG_DROP, BCO_OVERLONG_ERROR };

struct bco_limits {
    size_t max_length; /* tokens, of the whole sequence */
    size_t max_prompt; /* tokens of the prompt that truncation leaves, BOS not counted */
    enum bco_overlong overlong;
    bool bos, eos; /* add them where the tokenizer has them */
    bool ids;      /* records carry ids: no tokenizer, no BOS, no EOS */
};

/* What was cut, for the summary. */
struct bco_cuts {
    uint64_t prompts;     /* prompts that lost their start */
    uint64_t completions; /* completions that lost their end (and so have no EOS) */
    uint64_t dropped;     /* sequences left out: overlong */
};

/* The sequence of a prompt and a completion. `tokenizer` may be NULL where
 * limits->ids. *dropped says that it is overlong and limits say to drop it (then
 * the sequence is empty). */
BCO_API enum bco_code bco_sequence_of_text(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                           const struct bco_text *prompt, const struct bco_text *completion,
                                           struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                           struct bco_error *err);
/* The same from ids that the record carries. Ids are checked against `vocabulary`. */
BCO_API enum bco_code bco_sequence_of_ids(const struct bco_limits *limits, size_t vocabulary, const int32_t *prompt,
                                          size_t prompt_count, const int32_t *completion, size_t completion_count,
                                          struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                          struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

/* Generation: prompts in, completions out, many at once. */
#ifndef BCO_GENERATE_H
#define BCO_GENERATE_H

#include <bco/error.h>
#include <bco/model.h>
#include <bco/record.h>
#include <bco/template.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What generating will take of memory, in bytes, told before the first token. */
struct bco_generate_memory {
    uint64_t weights;
    uint64_t cache; /* keys and values of `sequences`, each as long as it can get; those that are not known yet are
                       taken to be as long as the longest known */
    uint64_t work;  /* of a step, logits, room for sampling */
    uint64_t rest;  /* the tokenizer, the program, the libraries */
    uint64_t peak;  /* the greatest resident size of the process: their sum, or what loading took */
    uint64_t limit; /* that it must stay under; UINT64_MAX: not known */
    size_t sequences;
};

/* Zeros are the defaults, as told with each. */
struct bco_generate_options {
    uint64_t n;  /* completions of a prompt; 0: 1 */
    bool greedy; /* the likeliest token each time (the lowest id of equal ones); temperature to min_p are not used */
    double temperature;        /* logits are divided by it; 0: 0.7 */
    double top_p;              /* the smallest set of likeliest tokens with this probability or more; 0: 0.95; 1: all */
    uint64_t top_k;            /* only the k likeliest (and those equal to the k-th), before top_p; 0: all */
    double min_p;              /* only tokens at least this share of the likeliest one's probability; 0: all */
    double repetition_penalty; /* logits of tokens that were there, prompt included, are divided by it where positive,
                                  multiplied where negative, before all else (Keskar et al. 2019); 0 or 1: none */
    bool logp;                 /* completions get their log-prob */
    size_t max_new_tokens;     /* 0: 256 */
    bool ignore_eos;           /* an end-of-sequence token ends nothing (and stands in the completion) */
    const char *const
        *stops; /* texts that end a completion; it is cut before the first of them. They need a tokenizer */
    size_t stop_count;
    uint64_t seed;
    size_t slots;        /* sequences computed at once, where memory holds so many; 0: 16 */
    uint64_t max_memory; /* bytes the process may have; 0: what it has, and 80 % of what is free */
    void (*on_memory)(void *user, const struct bco_generate_memory *memory); /* called once, before the first token */
    void *user;                                                              /* of on_memory */
    int threads; /* of the sampling; 0: all the cores this process may use */
};

/* ---- from ids to ids ------------------------------------------------------------ */

struct bco_prompt {
    const int32_t *ids; /* BOS and all; they must hold until the sink gets their completions */
    size_t count;       /* at least 1 */
    uint64_t stream;    /* of its random numbers: completion i of it depends on the seed, stream and i alone */
    void *tag;          /* for the sink */
    const char *file;   /* where it stands, for messages; NULL: nowhere */
    size_t line;        /* 0: not known */
    bool busy;          /* set for the source: sequences are under way, which would stand still while it waits */
    bool later;         /* set by the source, where it does not want to wait: no prompt now, ask again */
};

enum bco_finish {
    BCO_FINISH_STOP,   /* an end-of-sequence token (not in `ids`) or a stop text */
    BCO_FINISH_LENGTH, /* max_new_tokens, or the model's positions */
};

struct bco_completion {
    const int32_t *ids;
    size_t count; /* tokens; 0 where the first one ended it */
    enum bco_finish finish;
    const char *text; /* without special tokens, cut before a stop text; NULL without a tokenizer */
    size_t length;    /* bytes of text */
    double logp;      /* with `logp`: nats, summed over ids and the token that ended them, if one did, under the model
                         itself: no temperature, no choice, no penalty */
};

/* The next prompt, or *end; or prompt->later, where prompt->busy. */
typedef enum bco_code bco_prompt_source(void *user, struct bco_prompt *prompt, bool *end, struct bco_error *err);
/* The n completions of a prompt, in the order in which the prompts came. They hold during the call. */
typedef enum bco_code bco_completion_sink(void *user, void *tag, const struct bco_completion *completions, size_t n,
                                          struct bco_error *err);

/* Completes every prompt. A finished sequence's place goes to the next prompt at
 * once; memory grows with slots, the longest prompt and max_new_tokens, not with
 * the number of prompts. What a sequence can need is reserved before it begins; where memory is short, it waits for
 * others to end, which is said once, and BCO_ESYSTEM is returned where it does not fit alone. `tokenizer` NULL: ids
 * only. A prompt of as many tokens as the model has positions, or more, is BCO_EDATA; so is a tokenizer with more ids
 * than the model. BCO_EINTERRUPTED: watch->stop said so. Errors of the callbacks end it too. */
BCO_API enum bco_code bco_generate(struct bco_model *model, const struct bco_tokenizer *tokenizer,
                                   const struct bco_generate_options *options, bco_prompt_source *source,
                                   bco_completion_sink *sink, void *user, const struct bco_watch *watch,
                                   struct bco_error *err);

/* ---- from records to records -------------------------------------------------------- */

struct bco_generate_run {
    struct bco_model *model;
    const struct bco_tokenizer *tokenizer; /* NULL with `ids` */
    struct bco_reader *reader; /* opened with `ahead`: what runs does not wait for records that have not come */
    struct bco_writer *writer;
    struct bco_writer *rejects; /* NULL: a bad record ends the run */
    bool ids;                   /* records carry prompt_ids, used as they are, and get completion_ids */
    bool text; /* records are plain lines ({"text":...} of BCO_FORMAT_TEXT): the text becomes `prompt` */
    bool bos;  /* BOS before the prompt, where the tokenizer has one */
    /* Of prompts that are messages, rendered with add_generation_prompt, which get no BOS but the template's. */
    const struct bco_template *chat;                 /* NULL: such prompts are errors */
    const struct bco_template_options *chat_options; /* NULL: none */
    struct bco_generate_options options;
};

struct bco_generate_counts {
    uint64_t in, out, rejected;
    uint64_t stopped, cut; /* completions by their finish: "stop", "length" */
    uint64_t tokens;       /* generated, the ends not counted */
    uint64_t memory_peak;  /* the greatest resident size of the process so far; 0: not known */
    uint64_t outdated;     /* records whose label, rating, reward or ref_logp is of the completion that was replaced */
};

/* Writes every record n times with `completion` (or `completion_ids`) and
 * `finish`, "stop" or "length", and with options.logp `logp`; other fields stay as they are. A prompt is a
 * text or a list of messages; a completion is a text. The stream of a record's random numbers is a fingerprint of
 * the record. */
BCO_API enum bco_code bco_generate_records(const struct bco_generate_run *run, struct bco_generate_counts *counts,
                                           const struct bco_watch *watch, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

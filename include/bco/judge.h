/* Judges, asked about two sets of completions to the same prompts: any program
 * that reads a question a line and writes a verdict a line, a reward model, or a
 * regular expression. A program's question is one JSON object, {"prompt":...,"a":...,"b":...}; prompt and
 * completions are as the records have them (texts, or lists of messages).
 * An answer is one line: {"winner":"a"|"b"|"tie"}, or {"score_a":x,"score_b":y}
 * (the greater wins), or the bare word a, b or tie in either case. Anything else
 * is no verdict, and nothing is ever guessed. */
#ifndef BCO_JUDGE_H
#define BCO_JUDGE_H

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

/* ---- two files of completions ------------------------------------------------ */

/* Pairs of records, one of A and one of B, with the same `id` (where all records
 * of both have one) or the same prompt; where a key occurs several times the
 * first of A goes with the first of B, and so on. In A's order. */
struct bco_match;

/* Reads both files into memory. BCO_EDATA: a record without a completion, or
 * one that has no partner. `rejects` takes such records instead of stopping at
 * them; NULL: the first stops. */
BCO_API enum bco_code bco_match_open(struct bco_match **pairs, const char *path_a, const char *path_b,
                                     struct bco_writer *rejects, struct bco_error *err);
BCO_API void bco_match_close(struct bco_match *pairs); /* NULL is legal */
BCO_API size_t bco_match_count(const struct bco_match *pairs);
BCO_API uint64_t bco_match_rejected(const struct bco_match *pairs);

/* ---- the judge ------------------------------------------------------------------- */

/* A reward model: the completion with the greater score wins, equal scores tie. Everything it points to is the
 * caller's. */
struct bco_judge_model {
    struct bco_model *model; /* a classifier: bco_model_is_classifier */
    const struct bco_tokenizer *tokenizer;
    struct bco_limits limits; /* as bco_refcache_limits left them; what is dropped as overlong is an invalid verdict */
    size_t batch_tokens;      /* tokens computed at once, unless one sequence has more; 0: 4096 */
};

struct bco_judge_options {
    /* One of these three is the judge, the others are NULL. */
    const char *command; /* for `sh -c`; runs once for all questions, in a process group of its own */
    const char *prefer;  /* PCRE2, UTF-8: the completion that it matches wins; both or none: a tie */
    const struct bco_judge_model *model;
    const char *name;           /* `judge` in the verdicts; NULL: command or prefer itself */
    bool one_order;             /* A first only; otherwise each pair is judged in both orders, a verdict each */
    struct bco_writer *rejects; /* takes both records of a pair that the model cannot read; NULL: an error */
    /* Of a command: */
    double timeout;    /* seconds an answer may take; 0: 60 */
    uint64_t retries;  /* times a question is asked again after no verdict */
    size_t max_line;   /* bytes an answer may have; 0: 1 MiB */
    uint64_t parallel; /* processes of it that share the pairs; 0: 1. Both orders of a pair go to one of them */
};

struct bco_judge_counts {
    uint64_t verdicts;  /* all written, invalid ones too */
    uint64_t a, b, tie; /* what they said */
    uint64_t invalid;
    uint64_t late, ended, too_long, unasked, rubbish; /* failed answers by their reason, retried ones too */
    uint64_t flips;                                   /* pairs whose two orders have different winners */
    uint64_t first, second;                           /* flips to what was shown first, or second, both times */
    uint64_t pairs;                                   /* with valid verdicts in both orders */
    uint64_t rejected;                                /* records */
    struct bco_cuts cuts;                             /* of a model */
    char reason[200];                                 /* why the first invalid verdict is one; empty: there is none */
};

/* Judges every pair and writes a record for each verdict, in the pairs' order however many processes there are:
 * {"id"?,"prompt","winner","length_a","length_b","order","judge","score_a"?,"score_b"?,"sample"?,"reason"?}.
 * `winner`, lengths (code points; of messages, the sum of their contents) and
 * scores are A's and B's whatever the order; `order` is "ab", or "ba" where the
 * judge saw B's completion as its `a`; `sample` counts the pairs of one key from 1, where there are several; an
 * invalid verdict has `winner` null and its `reason`. An expression and a model see no order: both verdicts of a pair
 * are the same. That all verdicts are invalid is no error here: see counts. BCO_ESYSTEM: the command cannot be
 * started (the shell does not find it). BCO_EUSAGE: no good expression. BCO_EDATA: at its end the judge had written
 * more lines than it was asked for; the model cannot read a record. Programs are stopped and waited for in every
 * case. */
BCO_API enum bco_code bco_judge_pairs(const struct bco_match *pairs, const struct bco_judge_options *options,
                                      struct bco_writer *out, struct bco_judge_counts *counts,
                                      const struct bco_watch *watch, struct bco_error *err);

/* ---- one answer --------------------------------------------------------------------- */

enum bco_winner { BCO_WINNER_NONE, BCO_WINNER_A, BCO_WINNER_B, BCO_WINNER_TIE };

struct bco_answer_read {
    enum bco_winner winner; /* BCO_WINNER_NONE: the line is no verdict */
    bool has_scores;
    double score_a, score_b;
};

/* Reads one line of a judge, by the rules above. */
BCO_API struct bco_answer_read bco_judge_read(const char *line, size_t length);

#ifdef __cplusplus
}
#endif

#endif

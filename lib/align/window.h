/* Records read ahead, so that short and long sequences can be sorted into
 * batches of one kind, while the records go out again in their order. */
#ifndef BCO_ALIGN_WINDOW_H
#define BCO_ALIGN_WINDOW_H

#include "align/pack.h"
#include "align/source.h"
#include "base/buf.h"

#include <bco/refcache.h>

struct bco_item {
    char *json; /* the record; behind it the name of its file */
    size_t length, line;
    size_t first, count; /* its jobs: one, or two of a pair */
    size_t mismatched;   /* the first of as many jobs of KTO's mismatched completions */
};

/* A sequence whose log-prob is wanted. */
struct bco_job {
    struct bco_sequence sequence;
    struct bco_store_key key;
    uint64_t record; /* in the input, from 1 */
    size_t twin;     /* the first job with the same key: this one, or one before it */
    bool done;
    struct bco_reference result;
};

struct bco_window {
    struct bco_item *items;
    size_t item_count, item_capacity;
    struct bco_job *jobs;
    size_t job_count, job_capacity;
    size_t tokens;
    struct bco_buf text;

    size_t run;            /* records that give each other KTO's mismatched completions; 0: there are none */
    struct bco_item last;  /* of the window before: for a record that is alone in its run */
    uint64_t same_prompts; /* records whose mismatched completion is one of the same prompt */
};

/* Reads until there are `tokens` tokens and a run is whole, or the input ends; keys are for `model`. */
enum bco_code bco_window_fill(struct bco_window *window, struct bco_source *source, size_t tokens, uint32_t model,
                              struct bco_error *err);

/* Adds one job by hand, and takes the sequence over; `record` names it in errors. After the last one the jobs with
 * equal keys are to be found. */
enum bco_code bco_window_add_job(struct bco_window *window, struct bco_sequence *sequence, uint64_t record,
                                 uint32_t model, struct bco_error *err);
enum bco_code bco_window_find_twins(struct bco_window *window, struct bco_error *err);

/* Jobs that wait for their result, those with the same prompt together and the longest first: their count, and *order
 * (the caller frees it). */
enum bco_code bco_window_pending(const struct bco_window *window, size_t **order, size_t *count, struct bco_error *err);

/* What results are computed with. */
struct bco_compute {
    struct bco_model *model;
    size_t batch_tokens; /* at once, equal prompts counted once, unless one sequence has more */
    struct bco_pack pack;
};

/* Computes the log-probs (of a classifier the scores) of the jobs from order[0] on that fit into one batch, at least
 * one; *taken says how many. */
enum bco_code bco_window_compute(struct bco_window *window, struct bco_compute *compute, const size_t *order,
                                 size_t count, size_t *taken, struct bco_error *err);

/* Adds the `count` results, one or two of a pair, to the record, which was number `number` in the input. In a window
 * with runs, results[2] and, of a pair, results[3] are those of the mismatched completions. */
typedef enum bco_code bco_window_add(void *user, struct bco_record *record, uint64_t number, size_t count,
                                     const struct bco_reference *const results[4], struct bco_error *err);

/* Writes the records with their results (`writer` NULL: only adds), and is empty again. */
enum bco_code bco_window_write(struct bco_window *window, struct bco_writer *writer, bco_window_add *add, void *user,
                               struct bco_error *err);
void bco_window_clear(struct bco_window *window);
void bco_window_free(struct bco_window *window); /* what it owns */

#endif

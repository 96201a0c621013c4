/* Training: records with reference log-probs in, a model out. The whole run is
 * bco_train; a loop of one's own is made of bco_model_grad, the losses of
 * <bco/loss.h> and bco_optimizer_step. */
#ifndef BCO_TRAIN_H
#define BCO_TRAIN_H

#include <bco/error.h>
#include <bco/loss.h>
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

/* ---- learning rates -------------------------------------------------------- */

enum bco_schedule { BCO_SCHEDULE_LINEAR, BCO_SCHEDULE_COSINE, BCO_SCHEDULE_CONSTANT };

BCO_API const char *bco_schedule_name(enum bco_schedule schedule); /* "linear", ...; NULL where there is no such one */

/* Steps of warm-up: below 1, `warmup` is a share of `steps`, rounded up; from 1 on it counts steps. */
BCO_API uint64_t bco_schedule_warmup(double warmup, uint64_t steps);

/* The factor on the learning rate of step `step` (from 0) of `steps`:
 * step/warmup while step < warmup, then, with p = (step - warmup)/(steps - warmup),
 * 1 - p (linear), (1 + cos(pi p))/2 (cosine) or 1 (constant). */
BCO_API double bco_schedule_factor(enum bco_schedule schedule, uint64_t step, uint64_t steps, uint64_t warmup);

/* ---- the optimizer ----------------------------------------------------------- */

struct bco_optimizer_options {
    double beta1, beta2;
    double epsilon;
    double weight_decay; /* on weights with two dimensions, the embedding among them */
    double clip;         /* greatest Euclidean norm of the whole gradient; 0: as it is */
};

struct bco_optimizer;

/* AdamW over all weights of a trainable model, with moments of 0. Keeps
 * `model`, which must outlive it. Memory: 8 bytes a weight. */
BCO_API enum bco_code bco_optimizer_open(struct bco_optimizer **optimizer, struct bco_model *model,
                                         const struct bco_optimizer_options *options, struct bco_error *err);
BCO_API void bco_optimizer_close(struct bco_optimizer *optimizer); /* NULL is legal */

/* One step on the model's gradients g, t counting from 1; `norm` is their
 * Euclidean norm (bco_model_gradient_norm):
 *   g = g min(1, clip/(norm + 1e-6))
 *   m = beta1 m + (1 - beta1) g       v = beta2 v + (1 - beta2) g^2
 *   w = w - rate weight_decay w       (matrices only)
 *   w = w - rate/(1 - beta1^t) m / (sqrt(v)/sqrt(1 - beta2^t) + epsilon)
 * The gradients stay as they are. */
BCO_API void bco_optimizer_step(struct bco_optimizer *optimizer, double rate, double norm);

/* ---- records to learn from ----------------------------------------------------- */

struct bco_dataset;

struct bco_dataset_options {
    /* bco, bce, kto: label and ref_logp (for a classifier, a label) are needed, or pairs; kto: also what bco-refcache
     * --kto adds; dpo, ipo, nca: pairs; sft: neither, and down records are skipped */
    enum bco_loss loss;
    struct bco_limits limits; /* where the records' ref_id does not say; max_length 0, max_prompt 0: the defaults */
    bool allow_mixed;         /* references of another precision than the model's are accepted, with a warning */
    bool max_length_given, max_prompt_given, overlong_given, bos_given, eos_given; /* then ref_id must agree */
    const char *spool; /* folder of an unlinked file for the token ids */
};

struct bco_dataset_counts {
    uint64_t records, pairs;    /* records that are kept; how many of them are pairs */
    uint64_t up, down;          /* samples: a pair is one of each */
    uint64_t skipped, rejected; /* sft: down records; records that went to rejects */
    uint64_t tokens;            /* of all sequences */
    struct bco_cuts cuts;
};

/* Reads all records that `reader` has, for training or validating `model`.
 * Their token ids go to a file that has no name; in memory stay 48 bytes a
 * record. `tokenizer` may be NULL where limits.ids; `rejects` NULL: the first
 * bad record is an error. A ref_id that does not fit the model, the tokenizer,
 * the limits or its neighbours is an error that names what differs. */
BCO_API enum bco_code bco_dataset_read(struct bco_dataset **dataset, struct bco_reader *reader,
                                       struct bco_writer *rejects, const struct bco_model *model,
                                       const struct bco_tokenizer *tokenizer, const struct bco_dataset_options *options,
                                       const struct bco_watch *watch, struct bco_error *err);
BCO_API void bco_dataset_close(struct bco_dataset *dataset); /* NULL is legal */
BCO_API struct bco_dataset_counts bco_dataset_counts(const struct bco_dataset *dataset);

/* A completion with its class. The halves of a pair are two samples, the rejected one right behind the chosen. */
struct bco_dataset_sample {
    size_t length, prompt_len; /* tokens: of all, of the prompt */
    double ref_logp;           /* nats; 0 where no reference is needed */
    double weight;
    bool up, second; /* second: the rejected half of the sample before */
};
BCO_API size_t bco_dataset_size(const struct bco_dataset *dataset); /* samples, in the records' order */
BCO_API struct bco_dataset_sample bco_dataset_sample(const struct bco_dataset *dataset, size_t i); /* i < size */
/* Copies the sample's `length` token ids, the prompt's first: what struct bco_batch wants. BCO_ESYSTEM: cannot read. */
BCO_API enum bco_code bco_dataset_tokens(const struct bco_dataset *dataset, size_t i, int32_t *ids,
                                         struct bco_error *err);

/* ---- a run ------------------------------------------------------------------------ */

/* What one optimizer step, or one evaluation, showed. Means are weighted; NaN
 * where no sample of the class was there. Log-probs, rewards and kl in nats. */
struct bco_train_metrics {
    uint64_t step; /* from 1 */
    bool evaluation;
    bool scores; /* of a classifier: rewards are its scores, and log-probs and kl are NaN */
    double loss;
    double delta;                    /* 0 for bce; NaN for kto, sft and paired losses, which have no error_term */
    double rewards_up, rewards_down; /* class means of beta*(logp - ref_logp) */
    /* share with (reward > delta) == label, for kto (reward > beta*z); paired losses: with reward(chosen) >
     * reward(rejected) */
    double accuracy;
    double auc;                          /* evaluation only: P(an up's reward > a down's), ties 1/2 */
    double logps_up, logps_down;         /* class means of logp */
    double sft_loss;                     /* of ups, nats a token: what sft_weight is the factor of; NaN: 0, or no ups */
    double kl;                           /* -mean(logp - ref_logp) */
    double z;                            /* kto: max(0, mean(logp - ref_logp) of mismatched completions), else NaN */
    double up_logratio_per_token;        /* sum of the ups' log-ratios / sum of their tokens */
    double error_term;                   /* mean_up exp(-(r - delta)) + mean_down exp(r - delta) */
    double shift_up, shift_down;         /* the shift's class means after the step */
    double gradient_norm, learning_rate; /* step only; the norm before clipping */
    uint64_t up, down;                   /* samples of each class, those of weight 0 apart */
    uint64_t tokens;                     /* of the step's sequences */
    double tokens_per_second, seconds;   /* seconds: of this step or evaluation */
};

/* What a run needs of memory, in bytes. */
struct bco_train_memory {
    uint64_t weights, gradients, moments;
    uint64_t best;                /* weights kept by stop_patience */
    uint64_t activations, logits; /* of the largest micro-batch */
    uint64_t records;
    uint64_t rest;       /* the tokenizer, the program, the libraries */
    uint64_t peak;       /* the greatest resident size of the process: their sum, or what loading took */
    uint64_t limit;      /* that it must stay under; UINT64_MAX: not known */
    size_t micro_tokens; /* that were chosen, or given */
    bool recompute;
};

/* Are the layers' insides computed again in the backward (a third more work), or kept? The result is the same, bit
 * for bit. AUTO: where memory asks for it. */
enum bco_recompute { BCO_RECOMPUTE_AUTO, BCO_RECOMPUTE_ON, BCO_RECOMPUTE_OFF };

/* In what order an epoch takes the records: SHUFFLE: each epoch anew, by the seed; GIVEN: as they were read; PROMPTS:
 * those of one prompt one behind the other, and the prompts shuffled each epoch anew. */
enum bco_order { BCO_ORDER_SHUFFLE, BCO_ORDER_GIVEN, BCO_ORDER_PROMPTS };

BCO_API const char *bco_order_name(enum bco_order order); /* "shuffle", ...; NULL where there is no such one */

/* What a run does next: GO_ON; LEAVE as if watch asked to stop, with a checkpoint saved that a later run resumes from;
 * END here as if this were the last step: after an evaluation, with the model written as it is. */
enum bco_train_next { BCO_TRAIN_GO_ON, BCO_TRAIN_LEAVE, BCO_TRAIN_END };

struct bco_train_options {
    enum bco_loss loss; /* of a classifier bco or bce; the records are read for the same one */
    double beta;
    double up_weight, down_weight; /* factors on the losses of a class; 1 for paired losses */
    /* Adds sft_weight times the sum of -weight*logp over the step's ups (chosen halves) divided by their tokens. */
    double sft_weight;
    enum bco_shift_rule shift;
    double shift_decay;
    double epochs;
    uint64_t steps; /* 0: from epochs */
    size_t batch;   /* records an optimizer step */
    /* What a micro-batch, which goes through the model at once, may have: tokens, unless one sequence has more (0:
     * chosen here), and records (0: any number). How a step is cut changes no result but its rounding. */
    size_t micro_tokens, micro_records;
    uint64_t max_memory; /* bytes the process may have; 0: what it has, and 80 % of what is free */
    enum bco_recompute recompute;
    enum bco_schedule schedule;
    double learning_rate;
    double warmup; /* bco_schedule_warmup */
    struct bco_optimizer_options optimizer;
    uint64_t seed;
    enum bco_order order;
    const char *out;        /* the folder to make */
    const char *metrics;    /* a file; NULL: metrics.jsonl in `out` */
    const char *name;       /* what the model card calls the model that training started from; may be NULL */
    const char *command;    /* how to do it again, for the model card: a shell's line; may be NULL */
    uint64_t eval_every;    /* steps; 0: each epoch */
    uint64_t stop_patience; /* evaluations in a row without a better one that end the run; the best weights are kept; 0:
                               off */
    bool stop_on_accuracy;  /* better: of a higher accuracy; false: of a lower loss */
    enum bco_dtype dtype;   /* of the weights that are written */
    uint64_t save_every;    /* steps between checkpoints; 0: none unless the run is interrupted */
    size_t keep;            /* checkpoints that stay, at least 1 */
    bool resume;
    /* Called after each step and each evaluation; may be NULL: GO_ON always. */
    enum bco_train_next (*on_metrics)(void *user, const struct bco_train_metrics *metrics);
    /* Called before the first step; may be NULL. */
    void (*on_memory)(void *user, const struct bco_train_memory *memory);
    void *user;
};

/* beta 0.1, ema of decay 0.99, 1 epoch, batch 32, rate 5e-7, linear, warm-up 0.1, AdamW 0.9, 0.999, 1e-8 without
 * decay, clip 1, shuffled by seed 0, 2 checkpoints kept; no folder. */
BCO_API void bco_train_defaults(struct bco_train_options *options);

struct bco_train_result {
    uint64_t steps;                            /* of the whole run, or until it was stopped */
    uint64_t kept;                             /* stop_patience: the step whose weights were kept; 0: the last */
    uint64_t resumed_from;                     /* the step of the checkpoint; 0: from the start */
    bool was_finished;                         /* resume found a finished run, and nothing was changed */
    struct bco_train_memory memory;            /* what was foreseen */
    uint64_t memory_peak;                      /* the greatest resident size of the process so far; 0: not known */
    struct bco_train_metrics last, evaluation; /* the last ones; step 0: none; evaluation: of the weights kept */
};

/* BCO_EUSAGE: options that do not go together. BCO_EDATA unless `options->out` can be used: it is not there, is an
 * empty folder, or `resume` is set. BCO_ESYSTEM: it cannot be made. Makes it. bco_train does the same first; call it
 * before long work. *made: the folder was not there (where what follows fails, rmdir takes it away again); `made` may
 * be NULL. */
BCO_API enum bco_code bco_train_prepare(const struct bco_train_options *options, bool *made, struct bco_error *err);

/* Trains `model` (trainable) on `train`, evaluates on `valid` (NULL: never),
 * and writes `options->out`: the model, metrics.jsonl, README.md and, in
 * checkpoints/, what a later run resumes from: bco-train(5). Equal settings
 * give equal bytes. BCO_EINTERRUPTED: watch or on_metrics asked to stop, a
 * checkpoint is saved. BCO_EDATA: a loss or a gradient that is no number (the records are
 * named), or settings that do not fit the checkpoint; nothing was overwritten. */
BCO_API enum bco_code bco_train(struct bco_model *model, const struct bco_dataset *train,
                                const struct bco_dataset *valid, const struct bco_train_options *options,
                                const struct bco_watch *watch, struct bco_train_result *result, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

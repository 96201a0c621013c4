/* A training run from within: what the files of the trainer share. */
#ifndef BCO_ALIGN_TRAINER_H
#define BCO_ALIGN_TRAINER_H

#include "align/checkpoint.h"
#include "align/dataset.h"
#include "align/metrics.h"
#include "align/optimizer.h"
#include "align/pack.h"
#include "align/patience.h"
#include "align/signs.h"
#include "align/tally.h"

#include <bco/train.h>

/* Samples that go through the model at once. */
struct bco_micro {
    struct bco_pack pack;
    size_t *entries; /* which ones, in their data set */
    double *ref_logp, *weight, *loss_weight, *logp;
    double *loss;  /* of a pair: at its chosen half */
    double *slope; /* paired losses: d loss / d logp, not yet divided */
    bool *up;
    size_t capacity;
};

struct bco_trainer {
    struct bco_model *model;
    const struct bco_dataset *train, *valid;
    const struct bco_train_options *options;
    const struct bco_watch *watch;
    struct bco_train_result *result;
    struct bco_optimizer *optimizer;
    struct bco_metrics_file metrics;
    char *checkpoints; /* the folder */
    bool scores;       /* a classifier: rewards are its scores, which stand where log-probs do, and references are 0 */
    double beta;       /* 1 for scores */
    size_t micro_tokens;
    struct bco_train_memory memory; /* limit 0: not planned yet */

    uint64_t records;          /* pairs are one */
    uint64_t steps, per_epoch; /* optimizer steps: in all, in an epoch */
    uint64_t warmup;
    uint64_t *order;   /* [records], as `ordered` shuffled them */
    uint64_t ordered;  /* epoch + 1; 0: not yet */
    uint64_t *prompts; /* [records], their prompts' fingerprints; NULL unless the order is by prompts */
    size_t *chosen;    /* entries of the step, or of the evaluation */
    size_t chosen_capacity;
    struct bco_micro micro;
    enum bco_train_next next; /* what on_metrics wants */

    /* The state of the run: this, the weights and the moments are in a checkpoint. */
    uint64_t step;      /* steps done */
    uint64_t evaluated; /* the last step that was followed by an evaluation */
    struct bco_shift shift;
    struct bco_signs signs;
    struct bco_patience patience;
};

/* Does step `step` (BCO_EINTERRUPTED: nothing of it) and counts it. */
enum bco_code bco_trainer_step(struct bco_trainer *trainer, struct bco_train_metrics *metrics, struct bco_error *err);
enum bco_code bco_trainer_evaluate(struct bco_trainer *trainer, struct bco_train_metrics *metrics,
                                   struct bco_error *err);
/* Fills trainer->prompts. */
enum bco_code bco_trainer_find_prompts(struct bco_trainer *trainer, struct bco_error *err);
/* The entries of the next step into trainer->chosen: pairs with both halves. */
enum bco_code bco_trainer_choose(struct bco_trainer *trainer, size_t *count, struct bco_error *err);
/* Those of the held-out records from *record on, some thousand at once; *record becomes the first that is left. None
 * are left: *count is 0. */
enum bco_code bco_trainer_choose_held_out(struct bco_trainer *trainer, size_t *record, size_t *count,
                                          struct bco_error *err);

/* Fills the micro-batch with the first of `count` entries, at least one; of a paired loss, whole pairs. */
enum bco_code bco_micro_fill(struct bco_trainer *trainer, const struct bco_dataset *data, const size_t *entries,
                             size_t count, struct bco_error *err);
/* The same with the mismatched completions of kto: whatever is filled beside pack, ref_logp and weight is not used. */
enum bco_code bco_micro_fill_mismatched(struct bco_trainer *trainer, const struct bco_dataset *data,
                                        const size_t *entries, size_t count, struct bco_error *err);
/* Reorders them so that those with the same prompt stand together, where the first of them stood; pairs stay whole. */
enum bco_code bco_micro_group(struct bco_trainer *trainer, const struct bco_dataset *data, size_t *entries,
                              size_t count, struct bco_error *err);
void bco_micro_free(struct bco_micro *micro);
/* Loss and slopes of the micro-batch's pair b, b + 1, from its logp. */
void bco_micro_pair(struct bco_trainer *trainer, size_t b);
/* Adds the micro-batch to the tally, `delta` being its shift; BCO_EDATA: a log-prob or a loss is no number. */
enum bco_code bco_micro_tally(struct bco_trainer *trainer, const struct bco_dataset *data, double delta,
                              struct bco_tally *tally, struct bco_error *err);
/* BCO_EDATA: "step 3: the `what` is no number in the micro-batch of ..." with the records' names. */
enum bco_code bco_micro_fail(const struct bco_trainer *trainer, const struct bco_dataset *data, const char *what,
                             struct bco_error *err);
/* What the sums of losses of a step or an evaluation are divided by. */
struct bco_denominators {
    double loss;      /* samples, pairs for a paired loss, tokens for sft */
    double up_tokens; /* completion tokens of ups */
};
struct bco_denominators bco_loss_denominators(const struct bco_trainer *trainer, const struct bco_dataset *data,
                                              const size_t *entries, size_t count);
/* The tally's means; delta as `delta`, or NaN where the loss has none. */
void bco_trainer_sum_up(const struct bco_trainer *trainer, const struct bco_tally *tally,
                        struct bco_denominators denominators, double delta, struct bco_train_metrics *metrics);
/* KTO: weighted log-ratios of mismatched completions. */
struct bco_kl {
    double sum, weight;
};
/* Adds those of the entries: a forward pass. */
enum bco_code bco_trainer_kl(struct bco_trainer *trainer, const struct bco_dataset *data, const size_t *entries,
                             size_t count, struct bco_kl *kl, struct bco_error *err);
double bco_trainer_kl_delta(const struct bco_trainer *trainer, const struct bco_kl *kl); /* beta*z */
/* What the loss takes as its shift, where `delta` is the reward that parts good from bad. */
double bco_trainer_shift(const struct bco_trainer *trainer, double delta);
/* Log-probs, or scores, of the micro-batch. */
enum bco_code bco_micro_forward(struct bco_trainer *trainer, struct bco_error *err);
bool bco_trainer_stopped(const struct bco_trainer *trainer);
void bco_trainer_warn(const struct bco_trainer *trainer, const char *text);

enum bco_code bco_trainer_save(struct bco_trainer *trainer, struct bco_error *err);
/* *metrics: bytes of the metrics file that belong to the state. */
enum bco_code bco_trainer_resume(struct bco_trainer *trainer, uint64_t *metrics, struct bco_error *err);

/* Writes README.md into the folder: the last file of a run. */
enum bco_code bco_trainer_write_card(const struct bco_trainer *trainer, struct bco_error *err);
/* Is it there? */
bool bco_trainer_finished(const struct bco_trainer *trainer);
/* `out`/name, or NULL; the caller frees it. */
char *bco_trainer_path(const struct bco_trainer *trainer, const char *name);

#endif

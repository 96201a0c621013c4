/* The paper's failure signs, watched while a run goes on; each is said once. */
#ifndef BCO_ALIGN_SIGNS_H
#define BCO_ALIGN_SIGNS_H

#include <bco/train.h>

enum { BCO_SIGNS_EVALUATIONS = 4 };

/* Plain numbers, part of a checkpoint. Start from zeros. */
struct bco_signs {
    uint64_t still;   /* steps in a row, warm-up over, in which no log-ratio moved */
    uint64_t steps;   /* that had ups */
    double per_token; /* the ups' log-ratio a token, averaged over about ten steps */
    double loss_sum;  /* of the training steps since the last evaluation */
    uint64_t loss_steps;
    uint64_t evaluations;                                                    /* so far */
    double losses[BCO_SIGNS_EVALUATIONS], accuracies[BCO_SIGNS_EVALUATIONS]; /* of the last ones, in turn */
    bool said_still, said_runaway, said_flat;
};

/* Takes a step or an evaluation in. Returns a warning, or NULL; it stands in `text`. */
const char *bco_signs_watch(struct bco_signs *signs, const struct bco_train_metrics *metrics,
                            const struct bco_train_options *options, bool warming_up, char *text, size_t size);

#endif

/* Early stopping: the weights of the best evaluation, and how long none was better since. */
#ifndef BCO_ALIGN_PATIENCE_H
#define BCO_ALIGN_PATIENCE_H

#include <bco/train.h>

/* Zero: off. All but `weights` are plain numbers; the whole is part of a checkpoint. */
struct bco_patience {
    bool by_accuracy;              /* the best has the highest accuracy; false: the lowest loss */
    struct bco_train_metrics best; /* step 0: none yet */
    uint64_t waited;               /* evaluations since */
    float **weights;               /* [count], of each parameter, as they were then */
    size_t count;
};

enum bco_code bco_patience_open(struct bco_patience *patience, struct bco_model *model, struct bco_error *err);
void bco_patience_close(struct bco_patience *patience);
/* Takes an evaluation of the model in. Where `patience` is off, nothing. */
void bco_patience_take(struct bco_patience *patience, struct bco_model *model, const struct bco_train_metrics *metrics);
/* Gives the model the best weights, where there are any. */
void bco_patience_restore(const struct bco_patience *patience, struct bco_model *model);

#endif

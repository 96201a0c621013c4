/* The output projection of chosen rows, in chunks: final norm, logits, softmax,
 * and back. */
#ifndef BCO_NN_HEAD_H
#define BCO_NN_HEAD_H

#include "nn/model.h"

struct bco_head {
    size_t count; /* rows in all */

    /* From here on bco_head_place's. */
    size_t chunk;           /* rows whose logits exist at a time */
    int32_t *rows;          /* [count] of the hidden states */
    int32_t *targets;       /* [count] ids */
    double *logp;           /* [count] */
    double *sums, *dlogp;   /* [count]; dlogp only for a backward */
    float *x, *normed, *dx; /* [chunk, C] */
    float *statistics;      /* [chunk, 2] */
    float *logits;          /* [chunk, V] */
};

size_t bco_head_bytes(const struct bco_model *model, struct bco_head *head, bool train);
void bco_head_place(const struct bco_model *model, struct bco_head *head, char *memory, bool train);

/* Rows of the chunk that begins at `first` and ends before `end`. */
size_t bco_head_chunk(const struct bco_head *head, size_t first, size_t end);

/* logp[first..first+count-1] from the hidden states x[T,C]; `keep` leaves the softmax for the backward. */
void bco_head_forward(const struct bco_model *model, struct bco_head *head, const float *x, size_t first, size_t count,
                      bool keep);
/* Right after bco_head_forward of the same rows with `keep`: adds to dx[T,C] and to the weights' gradients. */
void bco_head_backward(const struct bco_model *model, struct bco_head *head, float *dx, size_t first, size_t count);

/* logits[count, V] of rows[count] of x[T,C]; `normed` [count, C] and `statistics` [count, 2] are scratch. */
void bco_head_logits(const struct bco_model *model, size_t count, const int32_t *rows, const float *x, float *normed,
                     float *statistics, float *logits);

#endif

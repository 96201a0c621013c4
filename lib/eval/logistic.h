/* Logistic regression with a ridge, by Newton's method; for a handful of terms. */
#ifndef BCO_EVAL_LOGISTIC_H
#define BCO_EVAL_LOGISTIC_H

#include <stdbool.h>
#include <stddef.h>

enum { BCO_LOGISTIC_TERMS = 3 };

struct bco_logistic {
    size_t rows;
    const double (*x)[BCO_LOGISTIC_TERMS]; /* [rows][terms]; a term that is not wanted is all zeros and has a ridge */
    const double *y;                       /* [rows], 0 to 1: a share of a win is legal */
    const double *weight;                  /* [rows], >= 0 */
    double ridge[BCO_LOGISTIC_TERMS];      /* >= 0 */
};

/* The beta with the greatest sum_i weight_i (y_i log p_i + (1 - y_i) log(1 - p_i)) - sum_j ridge_j beta_j^2 / 2,
 * p = sigmoid(x beta), starting from the beta given. False: it did not converge, as where there is no greatest one. */
bool bco_logistic_fit(const struct bco_logistic *data, double beta[BCO_LOGISTIC_TERMS]);

#endif

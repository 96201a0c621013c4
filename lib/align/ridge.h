/* Logistic regression with a ridge, for many terms: Newton's method with conjugate gradients, so that no matrix of
 * terms x terms exists. */
#ifndef BCO_ALIGN_RIDGE_H
#define BCO_ALIGN_RIDGE_H

#include <bco/error.h>
#include <stddef.h>

struct bco_ridge {
    size_t rows, terms;
    const double *x;         /* [rows, terms]; best with means near 0 */
    const double *up, *down; /* [rows], weights >= 0 of either class at the row */
    double ridge;            /* > 0 */
};

/* w[terms], and the intercept behind it, of the least
 *   sum_i up_i ln(1 + e^-z_i) + down_i ln(1 + e^z_i) + ridge |w|^2/2,   z_i = x_i w + intercept.
 * Classes must both have a weight above 0. BCO_EDATA: it does not converge. */
enum bco_code bco_ridge_fit(const struct bco_ridge *data, double *w, struct bco_error *err);

/* z of a row. */
double bco_ridge_logit(const struct bco_ridge *data, const double *w, size_t row);

#endif

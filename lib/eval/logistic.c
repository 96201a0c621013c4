#include "eval/logistic.h"

#include "base/sigmoid.h"

#include <math.h>
#include <string.h>

enum { TERMS = BCO_LOGISTIC_TERMS, MOST_STEPS = 100, MOST_HALVINGS = 30 };

/* Beyond this many logits no data say more than "certain". */
static const double certain = 30;

static double dot(const double *x, const double *beta) {
    double sum = 0;
    for (int j = 0; j < TERMS; j++) sum += x[j] * beta[j];
    return sum;
}

/* What is to become small: the negative log-likelihood with its ridge. */
static double objective(const struct bco_logistic *d, const double *beta) {
    double sum = 0;
    for (size_t i = 0; i < d->rows; i++) {
        double z = dot(d->x[i], beta);
        if (d->weight[i] > 0) sum += d->weight[i] * (bco_softplus(z) - d->y[i] * z);
    }
    for (int j = 0; j < TERMS; j++) sum += d->ridge[j] * beta[j] * beta[j] / 2;
    return sum;
}

static void derivatives(const struct bco_logistic *d, const double *beta, double gradient[TERMS],
                        double hessian[TERMS][TERMS]) {
    memset(hessian, 0, TERMS * sizeof *hessian);
    for (int j = 0; j < TERMS; j++) {
        gradient[j] = d->ridge[j] * beta[j];
        hessian[j][j] = d->ridge[j];
    }
    for (size_t i = 0; i < d->rows; i++) {
        const double *x = d->x[i], p = bco_sigmoid(dot(x, beta));
        double slope = d->weight[i] * (p - d->y[i]), curve = d->weight[i] * p * (1 - p);
        for (int j = 0; j < TERMS; j++) {
            gradient[j] += slope * x[j];
            for (int k = 0; k <= j; k++) hessian[j][k] += curve * x[j] * x[k];
        }
    }
}

/* Solves h step = g by Cholesky's factors, in place of h's lower triangle. False: h is not positive definite. */
static bool solve(double h[TERMS][TERMS], const double g[TERMS], double step[TERMS]) {
    for (int j = 0; j < TERMS; j++) {
        double whole = h[j][j];
        for (int k = 0; k < j; k++) h[j][j] -= h[j][k] * h[j][k];
        if (!(h[j][j] > 1e-12 * whole)) return false;
        h[j][j] = sqrt(h[j][j]);
        for (int i = j + 1; i < TERMS; i++) {
            for (int k = 0; k < j; k++) h[i][j] -= h[i][k] * h[j][k];
            h[i][j] /= h[j][j];
        }
    }
    for (int j = 0; j < TERMS; j++) {
        step[j] = g[j];
        for (int k = 0; k < j; k++) step[j] -= h[j][k] * step[k];
        step[j] /= h[j][j];
    }
    for (int j = TERMS - 1; j >= 0; j--) {
        for (int k = j + 1; k < TERMS; k++) step[j] -= h[k][j] * step[k];
        step[j] /= h[j][j];
    }
    return true;
}

/* Goes along the step, half as far as long as that is no better. False: nothing is. */
static bool descend(const struct bco_logistic *d, double beta[TERMS], const double step[TERMS], double *value) {
    double share = 1;
    for (int i = 0; i < MOST_HALVINGS; i++, share /= 2) {
        double next[TERMS];
        for (int j = 0; j < TERMS; j++) next[j] = beta[j] - share * step[j];
        double there = objective(d, next);
        if (!(there <= *value)) continue;
        memcpy(beta, next, sizeof next);
        *value = there;
        return true;
    }
    return false;
}

bool bco_logistic_fit(const struct bco_logistic *d, double beta[TERMS]) {
    double gradient[TERMS], hessian[TERMS][TERMS], step[TERMS], value = objective(d, beta);
    for (int i = 0; i < MOST_STEPS; i++) {
        derivatives(d, beta, gradient, hessian);
        if (!solve(hessian, gradient, step)) return false;
        double gain = dot(gradient, step); /* twice what is still to be won */
        if (gain <= 1e-14 * (1 + fabs(value))) return true;
        if (!descend(d, beta, step, &value)) return gain <= 1e-9 * (1 + fabs(value));
        for (int j = 0; j < TERMS; j++)
            if (!(fabs(beta[j]) < certain)) return false;
    }
    return false;
}

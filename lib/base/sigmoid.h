/* The logistic function and its integral, without overflow and exact near 0. */
#ifndef BCO_BASE_SIGMOID_H
#define BCO_BASE_SIGMOID_H

#include <math.h>

/* 1/(1 + e^-x); keeps its relative precision where it is near 0, which 1 - sigmoid(-x) would not. */
static inline double bco_sigmoid(double x) {
    if (x >= 0) return 1 / (1 + exp(-x));
    double e = exp(x);
    return e / (1 + e);
}

/* ln(1 + e^x) = -ln sigmoid(-x) */
static inline double bco_softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

#endif

#include "align/ridge.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/sigmoid.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 100, MOST_HALVINGS = 40 };

/* With less than this share of the objective to be won, its own rounding would lead the search astray: one whole step
 * more ends it, which squares the share. */
static const double settled = 1e-11;

/* Vectors are [terms + 1], the intercept's part being last. */
struct fit {
    const struct bco_ridge *data;
    size_t size;
    double *w, *gradient, *diagonal, *step, *residual, *direction, *product, *next;
    double *curve; /* [rows], of a row's loss in its logit */
    double value;
};

/* Four sums at once: as fast as memory, and the same on any machine. */
static double dot(const double *a, const double *b, size_t count) {
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++) sum[k] += a[i + k] * b[i + k];
    for (; i < count; i++) sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

double bco_ridge_logit(const struct bco_ridge *d, const double *w, size_t row) {
    return dot(d->x + row * d->terms, w, d->terms) + w[d->terms];
}

static double objective(const struct bco_ridge *d, const double *w) {
    double sum = d->ridge / 2 * dot(w, w, d->terms);
    for (size_t i = 0; i < d->rows; i++) {
        double z = bco_ridge_logit(d, w, i);
        if (d->up[i] > 0) sum += d->up[i] * bco_softplus(-z);
        if (d->down[i] > 0) sum += d->down[i] * bco_softplus(z);
    }
    return sum;
}

static void add_row(const struct bco_ridge *d, size_t row, double factor, double *to) {
    const double *x = d->x + row * d->terms;
    for (size_t j = 0; j < d->terms; j++) to[j] += factor * x[j];
    to[d->terms] += factor;
}

/* Gradient, and the Hessian's diagonal, with which the conjugate gradients are scaled. */
static void derivatives(struct fit *f) {
    const struct bco_ridge *d = f->data;
    for (size_t j = 0; j < f->size; j++) {
        f->gradient[j] = j < d->terms ? d->ridge * f->w[j] : 0;
        f->diagonal[j] = j < d->terms ? d->ridge : 0;
    }
    for (size_t i = 0; i < d->rows; i++) {
        double p = bco_sigmoid(bco_ridge_logit(d, f->w, i)), weight = d->up[i] + d->down[i];
        f->curve[i] = weight * p * (1 - p);
        add_row(d, i, weight * p - d->up[i], f->gradient);
        for (size_t j = 0; j < d->terms; j++)
            f->diagonal[j] += f->curve[i] * d->x[i * d->terms + j] * d->x[i * d->terms + j];
        f->diagonal[d->terms] += f->curve[i];
    }
    if (!(f->diagonal[d->terms] > 0)) f->diagonal[d->terms] = 1;
}

/* product = H direction */
static void multiply(struct fit *f) {
    const struct bco_ridge *d = f->data;
    for (size_t j = 0; j < f->size; j++) f->product[j] = j < d->terms ? d->ridge * f->direction[j] : 0;
    for (size_t i = 0; i < d->rows; i++)
        if (f->curve[i] > 0) add_row(d, i, f->curve[i] * bco_ridge_logit(d, f->direction, i), f->product);
}

static double scaled_square(const struct fit *f) {
    double sum = 0;
    for (size_t j = 0; j < f->size; j++) sum += f->residual[j] * f->residual[j] / f->diagonal[j];
    return sum;
}

/* H step = gradient, until the residual is `share` of the gradient. */
static void solve(struct fit *f, double share) {
    memset(f->step, 0, f->size * sizeof *f->step);
    memcpy(f->residual, f->gradient, f->size * sizeof *f->residual);
    for (size_t j = 0; j < f->size; j++) f->direction[j] = f->residual[j] / f->diagonal[j];
    double square = scaled_square(f), enough = share * share * square;
    for (size_t i = 0; i < 2 * f->size + 50 && square > enough; i++) {
        multiply(f);
        double curve = dot(f->direction, f->product, f->size);
        if (!(curve > 0)) return;
        double way = square / curve, before = square;
        for (size_t j = 0; j < f->size; j++) {
            f->step[j] += way * f->direction[j];
            f->residual[j] -= way * f->product[j];
        }
        square = scaled_square(f);
        for (size_t j = 0; j < f->size; j++)
            f->direction[j] = f->residual[j] / f->diagonal[j] + square / before * f->direction[j];
    }
}

/* Goes along the step, half as far as long as that is no better. False: nothing is. */
static bool descend(struct fit *f) {
    double share = 1;
    for (int i = 0; i < MOST_HALVINGS; i++, share /= 2) {
        for (size_t j = 0; j < f->size; j++) f->next[j] = f->w[j] - share * f->step[j];
        double there = objective(f->data, f->next);
        if (!(there <= f->value)) continue;
        memcpy(f->w, f->next, f->size * sizeof *f->w);
        f->value = there;
        return true;
    }
    return false;
}

static bool newton(struct fit *f) {
    double first = 0;
    f->value = objective(f->data, f->w);
    for (int i = 0; i < MOST_STEPS; i++) {
        derivatives(f);
        double norm = sqrt(dot(f->gradient, f->gradient, f->size));
        if (i == 0) first = norm;
        if (norm == 0) return true;
        solve(f, fmin(0.1, norm / first));
        double gain = dot(f->gradient, f->step, f->size); /* twice what is still to be won */
        if (gain <= settled * (1 + f->value)) {
            for (size_t j = 0; j < f->size; j++) f->w[j] -= f->step[j];
            return true;
        }
        if (!descend(f)) return false;
    }
    return false;
}

enum bco_code bco_ridge_fit(const struct bco_ridge *d, double *w, struct bco_error *err) {
    struct fit f = {.data = d, .size = d->terms + 1, .w = w};
    size_t count;
    double *memory = NULL;
    if (bco_size_mul(f.size, 7, &count) && bco_size_add(count, d->rows, &count))
        memory = bco_calloc(count, sizeof *memory);
    if (!memory) return bco_fail_memory(err);
    double **const vectors[] = {&f.gradient, &f.diagonal, &f.step, &f.residual, &f.direction, &f.product, &f.next};
    for (size_t i = 0; i < 7; i++) *vectors[i] = memory + i * f.size;
    f.curve = memory + 7 * f.size;
    memset(w, 0, f.size * sizeof *w);
    bool good = newton(&f);
    free(memory);
    return good ? BCO_OK : bco_fail(err, BCO_EDATA, "the logistic regression does not converge");
}

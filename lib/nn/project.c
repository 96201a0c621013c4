#include "nn/project.h"

#include <string.h>

static void multiply(const struct bco_model *model, size_t m, size_t n, size_t k, float alpha, struct bco_matrix a,
                     struct bco_matrix b, float beta, float *c, size_t ldc) {
    struct bco_matmul p = bco_product(m, n, k, alpha, a, b, beta, c, ldc);
    p.exact = true;
    model->ops->matmul(&model->team, &p);
}

size_t bco_project_ranks(const struct bco_projection *p) {
    return p->lora[0].rank + p->lora[1].rank + p->lora[2].rank;
}

/* The modules' A one below the other: [ranks, in]. */
static const float *stack(const struct bco_projection *p, float *room) {
    size_t in = p->linear.in, at = 0;
    for (int i = 0; i < 3; at += p->lora[i++].rank) {
        if (p->lora[i].rank == bco_project_ranks(p)) return p->lora[i].a;
        if (p->lora[i].rank) memcpy(room + at * in, p->lora[i].a, p->lora[i].rank * in * sizeof *room);
    }
    return room;
}

void bco_project(const struct bco_model *model, size_t T, const struct bco_projection *p, const float *x,
                 const struct bco_low *low, float *u, float *y) {
    size_t in = p->linear.in, out = p->linear.out, ranks = bco_project_ranks(p), column = 0, at = 0;
    model->ops->linear(&model->team, &p->linear, T, x, y);
    if (ranks == 0) return;
    multiply(model, T, ranks, in, 1, (struct bco_matrix){x, in, false}, (struct bco_matrix){stack(p, low->a), in, true},
             0, u, ranks);
    for (int i = 0; i < 3; column += p->outs[i], at += p->lora[i++].rank) {
        const struct bco_lora *l = &p->lora[i];
        if (l->rank)
            multiply(model, T, p->outs[i], l->rank, l->scale, (struct bco_matrix){u + at, ranks, false},
                     (struct bco_matrix){l->b, l->rank, true}, 1, y + column, out);
    }
}

/* With dy of this module: dB += scale dy^T u, made the other way round, which reads dy by rows; du = scale dy B. */
static void module_backward(const struct bco_model *model, size_t T, const struct bco_lora *l, size_t out,
                            struct bco_matrix dy, const struct bco_low *low, const float *u, float *du, size_t ranks) {
    size_t r = l->rank;
    multiply(model, r, out, T, l->scale, (struct bco_matrix){u, ranks, true}, dy, 0, low->product, out);
    for (size_t j = 0; j < out; j++)
        for (size_t i = 0; i < r; i++) l->db[j * r + i] += low->product[i * out + j];
    multiply(model, T, r, out, l->scale, dy, (struct bco_matrix){l->b, r, false}, 0, du, ranks);
}

/* dA += du^T x, of all modules. */
static void a_gradient(const struct bco_model *model, size_t T, const struct bco_projection *p, const float *x,
                       const struct bco_low *low, size_t ranks) {
    size_t in = p->linear.in, at = 0;
    multiply(model, ranks, in, T, 1, (struct bco_matrix){low->du, ranks, true}, (struct bco_matrix){x, in, false}, 0,
             low->product, in);
    for (int i = 0; i < 3; at += p->lora[i++].rank)
        if (p->lora[i].rank)
            model->ops->add(&model->team, p->lora[i].rank * in, 1, low->product + at * in, p->lora[i].da);
}

void bco_project_backward(const struct bco_model *model, size_t T, const struct bco_projection *p, const float *x,
                          const float *dy, const struct bco_low *low, const float *u, float *dx) {
    size_t in = p->linear.in, out = p->linear.out, ranks = bco_project_ranks(p), column = 0, at = 0;
    model->ops->linear_backward(&model->team, &p->linear, T, x, dy, dx, false);
    if (ranks == 0) return;
    for (int i = 0; i < 3; column += p->outs[i], at += p->lora[i++].rank)
        if (p->lora[i].rank)
            module_backward(model, T, &p->lora[i], p->outs[i], (struct bco_matrix){dy + column, out, false}, low,
                            u + at, low->du + at, ranks);
    a_gradient(model, T, p, x, low, ranks);
    if (dx)
        multiply(model, T, in, ranks, 1, (struct bco_matrix){low->du, ranks, false},
                 (struct bco_matrix){stack(p, low->a), in, false}, 1, dx, in);
}

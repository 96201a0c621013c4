#include "nn/project.h"

static void multiply(const struct bco_model *model, size_t m, size_t n, size_t k, float alpha, struct bco_matrix a,
                     struct bco_matrix b, float beta, float *c, size_t ldc) {
    struct bco_matmul p = bco_product(m, n, k, alpha, a, b, beta, c, ldc);
    p.exact = true;
    model->ops->matmul(&model->team, &p);
}

void bco_project(const struct bco_model *model, size_t T, const struct bco_projection *p, const float *x, float *low,
                 float *y) {
    size_t in = p->linear.in, out = p->linear.out, column = 0;
    model->ops->linear(&model->team, &p->linear, T, x, y);
    for (int i = 0; i < 3; column += p->outs[i++]) {
        const struct bco_lora *l = &p->lora[i];
        size_t r = l->rank;
        if (r == 0) continue;
        multiply(model, T, r, in, 1, (struct bco_matrix){x, in, false}, (struct bco_matrix){l->a, in, true}, 0, low, r);
        multiply(model, T, p->outs[i], r, l->scale, (struct bco_matrix){low, r, false},
                 (struct bco_matrix){l->b, r, true}, 1, y + column, out);
    }
}

/* With u = x A^T and dy of this module: dB += scale dy^T u, du = scale dy B, dA += du^T x, dx += du A. */
static void lora_backward(const struct bco_model *model, size_t T, const struct bco_lora *l, size_t in, size_t out,
                          struct bco_matrix x, struct bco_matrix dy, float *low, float *dx) {
    size_t r = l->rank;
    float *du = low + T * r;
    struct bco_matrix dy_turned = {dy.at, dy.ld, true};
    multiply(model, T, r, in, 1, x, (struct bco_matrix){l->a, in, true}, 0, low, r);
    multiply(model, out, r, T, l->scale, dy_turned, (struct bco_matrix){low, r, false}, 1, l->db, r);
    multiply(model, T, r, out, l->scale, dy, (struct bco_matrix){l->b, r, false}, 0, du, r);
    multiply(model, r, in, T, 1, (struct bco_matrix){du, r, true}, x, 1, l->da, in);
    multiply(model, T, in, r, 1, (struct bco_matrix){du, r, false}, (struct bco_matrix){l->a, in, false}, 1, dx, in);
}

void bco_project_backward(const struct bco_model *model, size_t T, const struct bco_projection *p, const float *x,
                          const float *dy, float *low, float *dx) {
    size_t in = p->linear.in, out = p->linear.out, column = 0;
    model->ops->linear_backward(&model->team, &p->linear, T, x, dy, dx, false);
    for (int i = 0; i < 3; column += p->outs[i++])
        if (p->lora[i].rank)
            lora_backward(model, T, &p->lora[i], in, p->outs[i], (struct bco_matrix){x, in, false},
                          (struct bco_matrix){dy + column, out, false}, low, dx);
}

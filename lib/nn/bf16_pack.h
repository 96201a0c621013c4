/* Operands of products in bf16: rounded to it, and laid out as the kernels want them. */
#ifndef BCO_NN_BF16_PACK_H
#define BCO_NN_BF16_PACK_H

#include "nn/half.h"

/* A row-major matrix [rows, columns] of f32, or of 16 bits where `at` is NULL. */
struct bco_source_matrix {
    const float *at;
    struct bco_half half;
    size_t ld, rows, columns;
    float factor; /* of each element, before it is rounded */
};

enum {
    BCO_PANEL = 64,   /* columns of a panel */
    BCO_BLOCK = 32,   /* rows turned at a time */
    BCO_DEPTH = 2048, /* the longest stride */
};

/* Rows [first, first+count) of op(a)[m,k] as bf16, [count, stride] from `out` on; stride is a multiple of
 * BCO_PANEL, and what is beyond the matrix is 0. `transposed`: the source is [k,m]. `room`: scratch, BCO_PACK_ROOM. */
void bco_pack_rows(const struct bco_source_matrix *a, bool transposed, size_t first, size_t count, size_t stride,
                   uint16_t *out, uint16_t *room);

/* Columns [first, first+BCO_PANEL) of op(b)[k,n], pairs of k together: [stride/2, BCO_PANEL, 2]. `transposed`: the
 * source is [n,k]. */
void bco_pack_panel(const struct bco_source_matrix *b, bool transposed, size_t first, size_t stride, uint16_t *out,
                    uint16_t *room);

#define BCO_PACK_ROOM ((size_t)16 * BCO_DEPTH) /* elements */

#endif

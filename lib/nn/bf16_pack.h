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

/* op(a)[m,k] is packed as rows of `stride` elements, op(b)[k,n] as panels of BCO_PANEL columns, [stride/2, BCO_PANEL,
 * 2], pairs of k together; stride is a multiple of BCO_BLOCK, and what is beyond the matrix is 0. `room`: scratch,
 * BCO_PACK_ROOM elements. Each function makes a part that no other call touches. */

/* Rows [first, first+count) of a source [m,k]. */
void bco_pack_rows(const struct bco_source_matrix *a, size_t first, size_t count, size_t stride, uint16_t *out);
/* Rows [k, k+BCO_BLOCK) of a source [k,m]: these elements of the packed rows [first, first+count), the first of which
 * is at `out`; count is a multiple of 16. */
void bco_pack_turned_rows(const struct bco_source_matrix *a, size_t k, size_t first, size_t count, size_t stride,
                          uint16_t *out, uint16_t *room);
/* Rows [k, k+BCO_BLOCK) of a source [k,n]: these elements of all panels of its columns [first, first+count). */
void bco_pack_panels(const struct bco_source_matrix *b, size_t k, size_t first, size_t count, size_t stride,
                     uint16_t *out, uint16_t *room);
/* Rows [first, first+BCO_PANEL) of a source [n,k]: one panel. */
void bco_pack_turned_panel(const struct bco_source_matrix *b, size_t first, size_t stride, uint16_t *out,
                           uint16_t *room);

#define BCO_PACK_ROOM ((size_t)16 * BCO_DEPTH) /* elements */

#endif

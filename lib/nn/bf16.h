/* Matrix products in bf16 with sums in f32, by oneDNN. */
#ifndef BCO_NN_BF16_H
#define BCO_NN_BF16_H

#include "nn/ops.h"

#include <bco/error.h>

/* What `threads` threads need for it. BCO_EUSAGE: bco_bf16_missing() tells why. */
enum bco_code bco_bf16_open(struct bco_bf16 **bf16, int threads, struct bco_error *err);
void bco_bf16_close(struct bco_bf16 *bf16); /* NULL is legal */
size_t bco_bf16_bytes(int threads);         /* of memory that it takes */

/* The product as ops.h describes it, its operands rounded to bf16, beta 0 or 1. A row of the result
 * is the same whatever rows stand beside it, and by any number of threads. */
void bco_bf16_matmul(const struct bco_team *team, const struct bco_matmul *product);

/* Whether a product could not be computed, for want of memory, since this was asked. */
bool bco_bf16_failed(struct bco_bf16 *bf16);

#endif

/* Batches as passes. */
#ifndef BCO_NN_BATCH_H
#define BCO_NN_BATCH_H

#include "nn/trunk.h"

/* Ids, lengths and, where `prompts`, prompt lengths are what the model can take. */
enum bco_code bco_batch_check(const struct bco_model *model, const struct bco_batch *batch, bool prompts,
                              struct bco_error *err);

/* The pass of a checked batch. Prompts that are equal are in it once: with the first sequence that has it (the
 * leader); the others' blocks are their completions. Release it with bco_pass_close, whatever was answered. */
enum bco_code bco_pass_open(struct bco_pass *pass, const struct bco_model *model, const struct bco_batch *batch,
                            bool train, struct bco_error *err);
void bco_pass_close(struct bco_pass *pass);

/* Where the pass has token `token` of sequence b. */
size_t bco_pass_row(const struct bco_pass *pass, size_t b, size_t token);

#endif

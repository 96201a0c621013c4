/* What generation's files share. */
#ifndef BCO_NN_GENERATE_H
#define BCO_NN_GENERATE_H

#include <bco/generate.h>

/* The ids that end a sequence: generation_config.json's eos_token_id (a number or
 * a list), else config.json's. None is legal. *ids is allocated. */
enum bco_code bco_eos_list(const char *dir, int32_t **ids, size_t *count, struct bco_error *err);

/* What it takes beside keys and values, with steps of up to `tokens` of sequences of up to `longest` tokens, and the
 * limit. `options` have no zeros but max_memory. */
void bco_generate_foresee(const struct bco_model *model, const struct bco_generate_options *options, size_t tokens,
                          size_t longest, struct bco_generate_memory *memory);
/* Adds up the peak. */
void bco_generate_add_up(struct bco_generate_memory *memory);

#endif

/* What generation's files share. */
#ifndef BCO_NN_GENERATE_H
#define BCO_NN_GENERATE_H

#include <bco/generate.h>

/* The ids that end a sequence: generation_config.json's eos_token_id (a number or
 * a list), else config.json's. None is legal. *ids is allocated. */
enum bco_code bco_eos_list(const char *dir, int32_t **ids, size_t *count, struct bco_error *err);

#endif

#ifndef BCO_NN_ANGLES_H
#define BCO_NN_ANGLES_H

#include "nn/model.h"

/* Makes the tables hold at least `positions` positions. */
enum bco_code bco_angles_reach(struct bco_model *model, size_t positions, struct bco_error *err);
void bco_angles_free(struct bco_angles *angles);

#endif

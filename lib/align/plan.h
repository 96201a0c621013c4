/* What a run will need of memory, and how its steps are cut so that it fits. */
#ifndef BCO_ALIGN_PLAN_H
#define BCO_ALIGN_PLAN_H

#include "align/trainer.h"

/* Chooses trainer->micro_tokens where it is 0, and recomputation, and fills trainer->memory. To be called before
 * anything of the run is allocated; again, when only micro_tokens has changed. BCO_ESYSTEM: no cut fits. */
enum bco_code bco_plan_memory(struct bco_trainer *trainer, struct bco_error *err);

#endif

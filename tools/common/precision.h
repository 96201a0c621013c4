/* --precision, for the tools that compute. */
#ifndef TOOLS_COMMON_PRECISION_H
#define TOOLS_COMMON_PRECISION_H

#include "common/cli.h"

#include <bco/model.h>

#define PRECISION_WORDS "f32|bf16" /* of the option */

/* What is used of what was asked for: where bf16 cannot be, f32, with a warning.
 * Here, as the other tools shall not be linked with what bco_bf16_missing needs. */
static inline enum bco_precision cli_precision(const struct cli *cli, int choice) {
    const char *missing = choice ? bco_bf16_missing() : NULL;
    if (missing) cli_warn(cli, "%s: f32 is used", missing);
    return choice && !missing ? BCO_PRECISION_BF16 : BCO_PRECISION_F32;
}

#endif

/* Numbers of 16 bits: F16 (IEEE 754 binary16) and BF16 (the upper half of an f32). */
#ifndef BCO_NN_HALF_H
#define BCO_NN_HALF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bco_half {
    const uint16_t *bits; /* NULL: there are none; not aligned beyond a byte where they are mapped */
    bool bf16;
};

/* Elements [first, first+count) as f32. */
void bco_widen(struct bco_half half, size_t first, size_t count, float *out);

/* f32 to 16 bits, rounded to nearest, ties to even; what is too large becomes an infinity. */
uint16_t bco_to_bf16(float x);
uint16_t bco_to_f16(float x);

#endif

#include "nn/half.h"
#include "nn/kernels.h"

BCO_CLONES static void widen_bf16(const unsigned char *from, size_t n, float *to) {
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, from + 2 * i, sizeof half);
        uint32_t bits = (uint32_t)half << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}

/* Shifts exponent and mantissa into place; the product with 2^112 mends the
 * exponent's bias, subnormals included. An exponent of all ones stays one. */
BCO_CLONES static void widen_f16(const unsigned char *from, size_t n, float *to) {
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, from + 2 * i, sizeof half);
        uint32_t bits = (uint32_t)(half & 0x7FFF) << 13;
        uint32_t sign = (uint32_t)(half & 0x8000) << 16;
        uint32_t special = (half & 0x7C00) == 0x7C00 ? 0x7F800000u : 0;
        float value;
        memcpy(&value, &bits, sizeof value);
        value *= 0x1p112f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign | special;
        memcpy(to + i, &bits, sizeof bits);
    }
}

void bco_widen(struct bco_half half, size_t first, size_t count, float *out) {
    const unsigned char *from = (const unsigned char *)half.bits + 2 * first;
    (half.bf16 ? widen_bf16 : widen_f16)(from, count, out);
}

uint16_t bco_to_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7F800000u) == 0x7F800000u) return (uint16_t)(bits >> 16);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/* A half's subnormals are multiples of 2^-24: adding 1/2 leaves just these bits in the mantissa, rounded. */
static uint16_t small_f16(uint32_t magnitude) {
    float x;
    memcpy(&x, &magnitude, sizeof x);
    x += 0.5f;
    memcpy(&magnitude, &x, sizeof magnitude);
    return (uint16_t)(magnitude - 0x3F000000u);
}

uint16_t bco_to_f16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return (uint16_t)(sign | 0x7E00u);
    if (magnitude >= 0x477FF000u) return (uint16_t)(sign | 0x7C00u); /* 65520 and more */
    if (magnitude < 0x38800000u) return (uint16_t)(sign | small_f16(magnitude));
    uint32_t rounded = magnitude - 0x38000000u + 0xFFFu + (magnitude >> 13 & 1u);
    return (uint16_t)(sign | rounded >> 13);
}

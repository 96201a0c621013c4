/* What every vectorised kernel of this floor needs: versions chosen at run
 * time by the processor, and an exponential that the compiler can vectorise. */
#ifndef BCO_NN_KERNELS_H
#define BCO_NN_KERNELS_H

#include <stdint.h>
#include <string.h>

/* One function, compiled for the baseline, AVX2 and AVX-512. GNU extensions:
 * without them the baseline alone is right, and slower. A build may choose one
 * version for all machines: -DBCO_CLONES='__attribute__((target("arch=x86-64-v3")))'. */
#if defined(BCO_CLONES)
#elif defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && !defined(__clang__)
#define BCO_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define BCO_CLONES
#endif

#if defined(__GNUC__)
#define BCO_INLINE static inline __attribute__((always_inline))
#else
#define BCO_INLINE static inline
#endif

/* e^x, relative error below 1e-7 for -87.3 <= x <= 88.3; outside, the value at the border.
 * Cody-Waite reduction by ln 2 in two parts and Cephes' polynomial. */
BCO_INLINE float bco_expf(float x) {
    x = x < -87.3f ? -87.3f : x;
    x = x > 88.3f ? 88.3f : x;
    float shifted = x * 1.44269504088896341f + 12582912.0f; /* 1.5 * 2^23: rounds to an integer */
    float n = shifted - 12582912.0f;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = p * (r * r) + r + 1.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)((uint32_t)(bits - 0x4B400000 + 127) << 23);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return y * scale;
}

#endif

/* SwiGLU and GEGLU (Shazeer, 2020), and GELU by tanh (Hendrycks and Gimpel, 2016). */
#include "nn/cpu.h"
#include "nn/kernels.h"

#define SQRT_2_OVER_PI 0.79788456080286535588f
#define CUBIC 0.044715f

BCO_INLINE float sigmoid(float x) {
    return 1.0f / (1.0f + bco_expf(-x));
}

/* gelu(x) = x * (1 + tanh z) / 2 = x * sigmoid(2z), z = sqrt(2/pi) (x + 0.044715 x^3) */
BCO_INLINE float gelu_gate(float x) {
    return sigmoid(2.0f * SQRT_2_OVER_PI * (x + CUBIC * x * x * x));
}

BCO_INLINE float gelu_slope(float x) {
    float s = gelu_gate(x);
    return s + x * s * (1.0f - s) * 2.0f * SQRT_2_OVER_PI * (1.0f + 3.0f * CUBIC * x * x);
}

BCO_CLONES static void silu_row(const float *restrict gate, const float *restrict up, float *restrict y, size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

BCO_CLONES static void geglu_row(const float *restrict gate, const float *restrict up, float *restrict y, size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) y[i] = gate[i] * gelu_gate(gate[i]) * up[i];
}

BCO_CLONES static void gelu_row(const float *restrict up, float *restrict y, size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) y[i] = up[i] * gelu_gate(up[i]);
}

BCO_CLONES static void silu_row_backward(float *restrict gate, float *restrict up, const float *restrict dy, size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) {
        float g = gate[i], u = up[i], s = sigmoid(g);
        gate[i] = dy[i] * u * s * (1.0f + g * (1.0f - s));
        up[i] = dy[i] * g * s;
    }
}

BCO_CLONES static void geglu_row_backward(float *restrict gate, float *restrict up, const float *restrict dy,
                                          size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) {
        float g = gate[i], u = up[i];
        gate[i] = dy[i] * u * gelu_slope(g);
        up[i] = dy[i] * g * gelu_gate(g);
    }
}

BCO_CLONES static void gelu_row_backward(float *restrict up, const float *restrict dy, size_t F) {
#pragma omp simd
    for (size_t i = 0; i < F; i++) up[i] = dy[i] * gelu_slope(up[i]);
}

void bco_cpu_activate(enum bco_activation kind, const float *gate, const float *up, float *y, size_t n) {
    if (kind == BCO_GELU)
        gelu_row(up, y, n);
    else
        (kind == BCO_GELU_GATED ? geglu_row : silu_row)(gate, up, y, n);
}

void bco_cpu_activation(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, const float *x,
                        float *y) {
#pragma omp parallel for num_threads(bco_team_for(team, 2 * T * F)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        const float *gate = x + t * (kind == BCO_GELU ? F : 2 * F);
        bco_cpu_activate(kind, gate, kind == BCO_GELU ? gate : gate + F, y + t * F, F);
    }
}

void bco_cpu_activation_backward(const struct bco_team *team, enum bco_activation kind, size_t T, size_t F, float *x,
                                 const float *dy) {
#pragma omp parallel for num_threads(bco_team_for(team, 2 * T * F)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        if (kind == BCO_GELU)
            gelu_row_backward(x + t * F, dy + t * F, F);
        else if (kind == BCO_GELU_GATED)
            geglu_row_backward(x + t * 2 * F, x + t * 2 * F + F, dy + t * F, F);
        else
            silu_row_backward(x + t * 2 * F, x + t * 2 * F + F, dy + t * F, F);
    }
}

/* Rotary position embedding (Su et al., 2021), halves as in the Llama of Hugging
 * Face: (x_i, x_{i+pairs}) turn together. Its backward turns by the opposite angle. */
#include "nn/cpu.h"
#include "nn/kernels.h"

BCO_CLONES static void turn(float *restrict x, const float *restrict cosines, const float *restrict sines, float sign,
                            size_t pairs) {
#pragma omp simd
    for (size_t i = 0; i < pairs; i++) {
        float a = x[i], b = x[i + pairs], c = cosines[i], s = sign * sines[i];
        x[i] = a * c - b * s;
        x[i + pairs] = b * c + a * s;
    }
}

static void turn_rows(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads, size_t head_dim,
                      const int32_t *positions, float *x, size_t ld, float sign) {
#pragma omp parallel for num_threads(bco_team_for(team, T *heads *head_dim)) schedule(static)
    for (size_t t = 0; t < T; t++) {
        const float *cosines = rope->cosines + (size_t)positions[t] * rope->pairs;
        const float *sines = rope->sines + (size_t)positions[t] * rope->pairs;
        for (size_t h = 0; h < heads; h++) turn(x + t * ld + h * head_dim, cosines, sines, sign, rope->pairs);
    }
}

void bco_cpu_rope(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads, size_t head_dim,
                  const int32_t *positions, float *x, size_t ld) {
    turn_rows(team, rope, T, heads, head_dim, positions, x, ld, 1);
}

void bco_cpu_rope_backward(const struct bco_team *team, const struct bco_rope *rope, size_t T, size_t heads,
                           size_t head_dim, const int32_t *positions, float *dx, size_t ld) {
    turn_rows(team, rope, T, heads, head_dim, positions, dx, ld, -1);
}

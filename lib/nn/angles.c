/* RoPE's angles: position times frequency, theta^(-i/pairs) and what scaling makes of it. */
#include "nn/angles.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define TWO_PI 6.28318530717958647692

/* "llama3" (Llama 3.1): long waves are slowed down by the factor, short ones stay, between them a blend. */
static double slow_down(const struct bco_rope_config *rope, double f) {
    double turns = rope->original_positions * f / TWO_PI; /* in the original context */
    if (turns < rope->low_factor) return f / rope->factor;
    if (turns > rope->high_factor) return f;
    double share = (turns - rope->low_factor) / (rope->high_factor - rope->low_factor);
    return (1 - share) * f / rope->factor + share * f;
}

static double frequency(const struct bco_rope_config *rope, bool scaled, double theta, size_t i) {
    double f = pow(theta, -(double)i / (double)rope->pairs);
    if (!scaled || rope->kind == BCO_ROPE_DEFAULT) return f;
    return rope->kind == BCO_ROPE_LINEAR ? f / rope->factor : slow_down(rope, f);
}

static void fill(const struct bco_rope_config *rope, bool scaled, double theta, struct bco_angles *angles) {
    for (size_t i = 0; i < rope->pairs; i++) {
        double f = frequency(rope, scaled, theta, i);
        for (size_t p = 0; p < angles->positions; p++) {
            angles->cosines[p * rope->pairs + i] = (float)cos((double)p * f);
            angles->sines[p * rope->pairs + i] = (float)sin((double)p * f);
        }
    }
}

static enum bco_code reach(const struct bco_rope_config *rope, bool scaled, double theta, struct bco_angles *angles,
                           size_t positions, struct bco_error *err) {
    size_t count;
    if (positions <= angles->positions) return BCO_OK;
    positions = positions + positions / 2;
    if (!bco_size_mul(positions, rope->pairs, &count)) return bco_fail_memory(err);
    bco_angles_free(angles);
    angles->cosines = bco_malloc_aligned(count, sizeof(float));
    angles->sines = bco_malloc_aligned(count, sizeof(float));
    if (!angles->cosines || !angles->sines) {
        bco_angles_free(angles);
        return bco_fail_memory(err);
    }
    angles->positions = positions;
    fill(rope, scaled, theta, angles);
    return BCO_OK;
}

enum bco_code bco_angles_reach(struct bco_model *model, size_t positions, struct bco_error *err) {
    const struct bco_rope_config *rope = &model->config.rope;
    if (!rope->pairs) return BCO_OK;
    enum bco_code code = reach(rope, true, rope->theta, &model->angles, positions, err);
    if (!code && model->config.family->rope_local)
        code = reach(rope, false, rope->local_theta, &model->local_angles, positions, err);
    return code;
}

void bco_angles_free(struct bco_angles *angles) {
    free(angles->cosines);
    free(angles->sines);
    *angles = (struct bco_angles){0};
}

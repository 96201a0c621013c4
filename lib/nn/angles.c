/* RoPE's angles: position times frequency, theta^(-i/pairs) and what scaling makes of it. */
#include "nn/angles.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static double frequency(const struct bco_rope_config *rope, double theta, size_t i) {
    return pow(theta, -(double)i / (double)rope->pairs);
}

static void fill(const struct bco_rope_config *rope, double theta, struct bco_angles *angles) {
    for (size_t i = 0; i < rope->pairs; i++) {
        double f = frequency(rope, theta, i);
        for (size_t p = 0; p < angles->positions; p++) {
            angles->cosines[p * rope->pairs + i] = (float)cos((double)p * f);
            angles->sines[p * rope->pairs + i] = (float)sin((double)p * f);
        }
    }
}

static enum bco_code reach(const struct bco_rope_config *rope, double theta, struct bco_angles *angles,
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
    fill(rope, theta, angles);
    return BCO_OK;
}

enum bco_code bco_angles_reach(struct bco_model *model, size_t positions, struct bco_error *err) {
    const struct bco_rope_config *rope = &model->config.rope;
    if (!rope->pairs) return BCO_OK;
    enum bco_code code = reach(rope, rope->theta, &model->angles, positions, err);
    if (!code && rope->local_theta != rope->theta)
        code = reach(rope, rope->local_theta, &model->local_angles, positions, err);
    return code;
}

void bco_angles_free(struct bco_angles *angles) {
    free(angles->cosines);
    free(angles->sines);
    *angles = (struct bco_angles){0};
}

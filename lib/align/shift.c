#include <bco/loss.h>

const char *bco_shift_name(enum bco_shift_rule rule) {
    static const char *const names[] = {"ema", "batch", "running", "cumulative", "none"};
    return (size_t)rule < sizeof names / sizeof *names ? names[rule] : NULL;
}

void bco_shift_add(struct bco_shift_sums *sums, double reward, double weight, bool up) {
    if (weight == 0) return;
    *(up ? &sums->up : &sums->down) += weight * reward;
    *(up ? &sums->weight_up : &sums->weight_down) += weight;
}

bool bco_shift_needs_rewards(enum bco_shift_rule rule) {
    return rule == BCO_SHIFT_BATCH || rule == BCO_SHIFT_RUNNING;
}

double bco_shift_delta(const struct bco_shift *shift) {
    switch (shift->rule) {
    case BCO_SHIFT_NONE: return 0;
    case BCO_SHIFT_RUNNING: return shift->mean;
    default: return (shift->mean_up + shift->mean_down) / 2;
    }
}

/* How much of the mean of `steps` earlier steps stays: the first one seen is taken as it is. */
static double kept_share(const struct bco_shift *shift, uint64_t steps) {
    if (steps == 0 || shift->rule == BCO_SHIFT_BATCH) return 0;
    if (shift->rule == BCO_SHIFT_EMA) return shift->decay;
    return (double)steps / (double)(steps + 1);
}

static void update_class(const struct bco_shift *shift, double sum, double weight, double *mean, uint64_t *steps) {
    if (!(weight > 0)) return;
    double kept = kept_share(shift, *steps);
    *mean = kept * *mean + (1 - kept) * (sum / weight);
    ++*steps;
}

void bco_shift_update(struct bco_shift *shift, const struct bco_shift_sums *sums) {
    double weight = sums->weight_up + sums->weight_down;
    update_class(shift, sums->up, sums->weight_up, &shift->mean_up, &shift->steps_up);
    update_class(shift, sums->down, sums->weight_down, &shift->mean_down, &shift->steps_down);
    if (!(weight > 0)) return;
    shift->weight += weight;
    shift->mean += (sums->up + sums->down - weight * shift->mean) / shift->weight;
}

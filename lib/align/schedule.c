#include <bco/train.h>
#include <math.h>

#define PI 3.14159265358979323846

const char *bco_schedule_name(enum bco_schedule schedule) {
    static const char *const names[] = {"linear", "cosine", "constant"};
    return (size_t)schedule < sizeof names / sizeof *names ? names[schedule] : NULL;
}

uint64_t bco_schedule_warmup(double warmup, uint64_t steps) {
    if (!(warmup > 0)) return 0;
    return (uint64_t)ceil(warmup < 1 ? warmup * (double)steps : fmin(warmup, 0x1p62));
}

double bco_schedule_factor(enum bco_schedule schedule, uint64_t step, uint64_t steps, uint64_t warmup) {
    if (step < warmup) return (double)step / (double)warmup;
    if (schedule == BCO_SCHEDULE_CONSTANT) return 1;
    double span = steps > warmup ? (double)(steps - warmup) : 1;
    if (schedule == BCO_SCHEDULE_LINEAR) return step < steps ? (double)(steps - step) / span : 0;
    return fmax(0, (1 + cos(PI * ((double)(step - warmup) / span))) / 2);
}

/* usage: sampling: a line `temperature top_k top_p min_p penalty n_seen seen... n logits...` in, the ids and
 * probabilities that are left out, `n id p ...`. */
#include "nn/sampler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static float logits[4096];
static int32_t seen_ids[4096];
static bool seen[4096];
static struct bco_candidate room[2 * 4096];

static bool read_case(struct bco_generate_options *options, size_t *seen_count, size_t *count) {
    if (scanf("%lf %" SCNu64 " %lf %lf %lf %zu", &options->temperature, &options->top_k, &options->top_p,
              &options->min_p, &options->repetition_penalty, seen_count) != 6 ||
        *seen_count > 4096)
        return false;
    for (size_t i = 0; i < *seen_count; i++)
        if (scanf("%" SCNd32, &seen_ids[i]) != 1) return false;
    if (scanf("%zu", count) != 1 || *count > 4096) return false;
    for (size_t i = 0; i < *count; i++)
        if (scanf("%f", &logits[i]) != 1) return false;
    return true;
}

int main(void) {
    struct bco_generate_options options = {0};
    size_t seen_count, count;
    while (read_case(&options, &seen_count, &count)) {
        double sum = 0;
        bco_penalize(options.repetition_penalty, logits, seen_ids, seen_count, seen);
        bco_unsee(seen_ids, seen_count, seen);
        size_t kept = bco_candidates(&options, logits, count, room);
        for (size_t i = 0; i < kept; i++) sum += room[i].p;
        printf("%zu", kept);
        for (size_t i = 0; i < kept; i++) printf(" %" PRId32 " %.17g", room[i].id, room[i].p / sum);
        printf("\n");
    }
    return 0;
}

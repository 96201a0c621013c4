#include "nn/batch.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

static enum bco_code check_sequence(const struct bco_model *model, const struct bco_batch *batch, size_t b,
                                    bool prompts, struct bco_error *err) {
    size_t first = batch->starts[b], last = batch->starts[b + 1], length = last - first;
    if (last <= first || (prompts && (batch->prompt_len[b] < 1 || batch->prompt_len[b] >= length)))
        return bco_fail(err, BCO_EUSAGE, "sequence %zu of the batch has no prompt or no completion", b);
    if (length > model->config.positions)
        return bco_fail(err, BCO_EDATA, "a sequence has %zu tokens, but the model has %zu positions", length,
                        model->config.positions);
    for (size_t t = first; t < last; t++)
        if (batch->ids[t] < 0 || (size_t)batch->ids[t] >= model->config.vocabulary)
            return bco_fail(err, BCO_EDATA, "id %d is not in the model's vocabulary of %zu", batch->ids[t],
                            model->config.vocabulary);
    return BCO_OK;
}

enum bco_code bco_batch_check(const struct bco_model *model, const struct bco_batch *batch, bool prompts,
                              struct bco_error *err) {
    if (batch->sequences && batch->starts[0] != 0) return bco_fail(err, BCO_EUSAGE, "a batch starts at token 0");
    for (size_t b = 0; b < batch->sequences; b++) {
        enum bco_code code = check_sequence(model, batch, b, prompts, err);
        if (code) return code;
    }
    if (batch->sequences && batch->starts[batch->sequences] > INT32_MAX)
        return bco_fail(err, BCO_EUSAGE, "a batch has too many tokens");
    return BCO_OK;
}

/* ---- prompts that are equal --------------------------------------------------- */

/* What a pass with shared prompts needs, in one piece of memory. */
struct plan {
    size_t *starts;               /* [B+1] */
    size_t *past, *leader, *next; /* [B] */
    size_t *table;                /* [mask+1] sequences + 1 by the hash of their prompts; 0: free */
    size_t mask;
    int32_t *ids; /* [T] */
};

static struct plan *new_plan(const struct bco_batch *batch) {
    size_t B = batch->sequences, T = batch->starts[B], places = 2, words, bytes, ids;
    while (places / 2 < B) places *= 2;
    if (!bco_size_mul(B, 4, &words) || !bco_size_add(words, places + 1, &words) ||
        !bco_size_mul(words, sizeof(size_t), &bytes) || !bco_size_mul(T, sizeof(int32_t), &ids) ||
        !bco_size_add(bytes, ids, &bytes) || !bco_size_add(bytes, sizeof(struct plan), &bytes))
        return NULL;
    struct plan *plan = bco_calloc(1, bytes);
    if (!plan) return NULL;
    plan->starts = (size_t *)(plan + 1);
    plan->past = plan->starts + B + 1;
    plan->leader = plan->past + B;
    plan->next = plan->leader + B;
    plan->table = plan->next + B;
    plan->mask = places - 1;
    plan->ids = (int32_t *)(plan->table + places);
    return plan;
}

static bool same_prompt(const struct bco_batch *batch, size_t a, size_t b) {
    size_t count = batch->prompt_len[a];
    return count == batch->prompt_len[b] &&
           memcmp(batch->ids + batch->starts[a], batch->ids + batch->starts[b], count * sizeof *batch->ids) == 0;
}

/* The first sequence with this one's prompt. */
static size_t leader_of(const struct bco_batch *batch, struct plan *plan, size_t b) {
    size_t bytes = batch->prompt_len[b] * sizeof *batch->ids;
    size_t at = (size_t)bco_hash_bytes(batch->ids + batch->starts[b], bytes, 0).low & plan->mask;
    while (plan->table[at] && !same_prompt(batch, plan->table[at] - 1, b)) at = (at + 1) & plan->mask;
    if (!plan->table[at]) plan->table[at] = b + 1;
    return plan->table[at] - 1;
}

static bool has_both(const struct bco_batch *batch, size_t b) {
    return batch->prompt_len[b] > 0 && batch->prompt_len[b] < batch->starts[b + 1] - batch->starts[b];
}

/* Tokens that need not be computed again. */
static size_t find_shared(const struct bco_batch *batch, struct plan *plan) {
    size_t shared = 0;
    for (size_t b = 0; b < batch->sequences; b++) {
        plan->leader[b] = has_both(batch, b) ? leader_of(batch, plan, b) : b;
        if (plan->leader[b] != b) shared += plan->past[b] = batch->prompt_len[b];
    }
    for (size_t b = batch->sequences; b-- > 0;)
        if (plan->past[b]) {
            plan->next[b] = plan->next[plan->leader[b]];
            plan->next[plan->leader[b]] = b;
        }
    return shared;
}

static void leave_out(const struct bco_batch *batch, struct plan *plan) {
    for (size_t b = 0, n = 0; b < batch->sequences; b++) {
        size_t first = batch->starts[b] + plan->past[b], count = batch->starts[b + 1] - first;
        memcpy(plan->ids + n, batch->ids + first, count * sizeof *plan->ids);
        plan->starts[b + 1] = n += count;
    }
}

/* ---- passes ---------------------------------------------------------------------- */

enum bco_code bco_pass_open(struct bco_pass *pass, const struct bco_model *model, const struct bco_batch *batch,
                            bool train, struct bco_error *err) {
    *pass = (struct bco_pass){.B = batch->sequences,
                              .starts = batch->starts,
                              .ids = batch->ids,
                              .prompt_len = batch->prompt_len,
                              .train = train};
    pass->recompute = train && model->recompute;
    for (size_t b = 0; b < pass->B; b++) {
        size_t length = batch->starts[b + 1] - batch->starts[b];
        if (length > pass->longest) pass->longest = length;
    }
    if (batch->prompt_len && pass->B > 1) {
        struct plan *plan = new_plan(batch);
        if (!plan) return bco_fail_memory(err);
        pass->plan = plan;
        if (find_shared(batch, plan) > 0) {
            leave_out(batch, plan);
            pass->starts = plan->starts;
            pass->ids = plan->ids;
            pass->past = plan->past;
            pass->leader = plan->leader;
            pass->next = plan->next;
        }
    }
    pass->T = pass->starts[pass->B];
    return BCO_OK;
}

void bco_pass_close(struct bco_pass *pass) {
    free(pass->plan);
    pass->plan = NULL;
}

size_t bco_pass_row(const struct bco_pass *pass, size_t b, size_t token) {
    size_t past = pass->past ? pass->past[b] : 0;
    return token < past ? pass->starts[pass->leader[b]] + token : pass->starts[b] + token - past;
}

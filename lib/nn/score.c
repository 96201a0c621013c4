/* Log-probabilities and their gradient: the head, in chunks of completion rows,
 * so that [tokens, vocabulary] never exists. */
#include "base/fail.h"
#include "base/mem.h"
#include "nn/batch.h"
#include "nn/head.h"
#include "nn/trunk.h"

#include <stdlib.h>
#include <string.h>

static enum bco_code check_batch(const struct bco_model *model, const struct bco_batch *batch, struct bco_error *err) {
    if (model->config.classifier)
        return bco_fail(err, BCO_EUSAGE, "the model is a classifier: it has scores, not log-probs");
    return bco_batch_check(model, batch, true, err);
}

static size_t completion_rows(const struct bco_batch *batch) {
    size_t rows = batch->starts[batch->sequences];
    for (size_t b = 0; b < batch->sequences; b++) rows -= batch->prompt_len[b];
    return rows;
}

/* The row of the token before each completion token predicts it. */
static void list_rows(const struct bco_batch *batch, const struct bco_pass *pass, struct bco_head *head) {
    size_t n = 0;
    for (size_t b = 0; b < batch->sequences; b++)
        for (size_t t = batch->prompt_len[b]; t < batch->starts[b + 1] - batch->starts[b]; t++, n++) {
            head->rows[n] = (int32_t)bco_pass_row(pass, b, t - 1);
            head->targets[n] = batch->ids[batch->starts[b] + t];
        }
}

/* The pass of the batch's prompts and completions, with its memory and the head's. */
static enum bco_code prepare(struct bco_model *model, const struct bco_batch *batch, bool train, struct bco_pass *pass,
                             struct bco_head *head, struct bco_error *err) {
    enum bco_code code = bco_pass_open(pass, model, batch, train, err);
    *head = (struct bco_head){.count = completion_rows(batch)};
    if (code == BCO_OK) code = bco_trunk_prepare(model, pass, bco_head_bytes(model, head, train), err);
    if (code != BCO_OK) return code;
    bco_head_place(model, head, pass->rest, train);
    list_rows(batch, pass, head);
    return BCO_OK;
}

static double sum_terms(const double *terms, size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; i++) total += terms[i];
    return total;
}

static size_t completion_of(const struct bco_batch *batch, size_t b) {
    return batch->starts[b + 1] - batch->starts[b] - batch->prompt_len[b];
}

enum bco_code bco_model_logp(struct bco_model *model, const struct bco_batch *batch, double *logp, double *token_logp,
                             struct bco_error *err) {
    struct bco_pass pass;
    struct bco_head head;
    enum bco_code code = check_batch(model, batch, err);
    if (code || batch->sequences == 0) return code;
    if ((code = prepare(model, batch, false, &pass, &head, err))) goto done;
    bco_trunk_forward(model, &pass);
    for (size_t first = 0; first < head.count; first += head.chunk)
        bco_head_forward(model, &head, pass.x, first, bco_head_chunk(&head, first, head.count), false);
    for (size_t b = 0, n = 0; b < batch->sequences; n += completion_of(batch, b++))
        logp[b] = sum_terms(head.logp + n, completion_of(batch, b));
    if (token_logp) memcpy(token_logp, head.logp, head.count * sizeof *token_logp);
done:
    bco_pass_close(&pass);
    return code ? code : bco_model_computed(model, err);
}

struct scorer {
    struct bco_model *model;
    const struct bco_batch *batch;
    struct bco_pass *pass;
    struct bco_head *head;
    size_t group; /* sequences whose slopes need each other's log-probs: 1, or 2 of a pair */
    bco_dlogp *dlogp;
    void *user;
    double *logp;
};

/* Of sequences from b on, whose rows begin at `first`: all log-probs before the first slope is asked for. */
static void weigh(const struct scorer *s, size_t b, size_t end, size_t first) {
    for (size_t i = b, at = first; i < end && s->logp; at += completion_of(s->batch, i++))
        s->logp[i] = sum_terms(s->head->logp + at, completion_of(s->batch, i));
    for (; b < end; first += completion_of(s->batch, b++)) {
        size_t count = completion_of(s->batch, b);
        double d = s->dlogp(s->user, b, sum_terms(s->head->logp + first, count));
        for (size_t i = 0; i < count; i++) s->head->dlogp[first + i] = d;
    }
}

/* The rows of the group that begins at b, a sequence or a pair. */
static size_t rows_of_group(const struct scorer *s, size_t b) {
    size_t rows = 0;
    for (size_t i = b; i < b + s->group && i < s->batch->sequences; i++) rows += completion_of(s->batch, i);
    return rows;
}

static size_t end_of_group(const struct scorer *s, size_t b) {
    return b + s->group < s->batch->sequences ? b + s->group : s->batch->sequences;
}

/* As many whole groups as fit into a chunk: one visit of the logits for both directions. */
static size_t grad_together(const struct scorer *s, size_t b, size_t first, size_t *count) {
    size_t end = b;
    *count = 0;
    while (end < s->batch->sequences && *count + rows_of_group(s, end) <= s->head->chunk) {
        *count += rows_of_group(s, end);
        end = end_of_group(s, end);
    }
    if (end == b) return b;
    bco_head_forward(s->model, s->head, s->pass->x, first, *count, true);
    weigh(s, b, end, first);
    bco_head_backward(s->model, s->head, s->pass->dx, first, *count);
    return end;
}

/* A group longer than a chunk is visited twice: its gradient waits for its whole log-probs. */
static void grad_long(const struct scorer *s, size_t b, size_t first) {
    size_t end = first + rows_of_group(s, b);
    for (size_t at = first; at < end; at += s->head->chunk)
        bco_head_forward(s->model, s->head, s->pass->x, at, bco_head_chunk(s->head, at, end), false);
    weigh(s, b, end_of_group(s, b), first);
    for (size_t at = first; at < end; at += s->head->chunk) {
        size_t count = bco_head_chunk(s->head, at, end);
        bco_head_forward(s->model, s->head, s->pass->x, at, count, true);
        bco_head_backward(s->model, s->head, s->pass->dx, at, count);
    }
}

static void grad_head(const struct scorer *s) {
    size_t b = 0, first = 0;
    memset(s->pass->dx, 0, s->pass->T * s->model->config.channels * sizeof(float));
    while (b < s->batch->sequences) {
        size_t count, end = grad_together(s, b, first, &count);
        if (end == b) {
            grad_long(s, b, first);
            count = rows_of_group(s, b);
            end = end_of_group(s, b);
        }
        first += count;
        b = end;
    }
}

static enum bco_code grad(struct bco_model *model, const struct bco_batch *batch, size_t group, bco_dlogp *dlogp,
                          void *user, double *logp, struct bco_error *err) {
    struct bco_pass pass;
    struct bco_head head;
    if (!model->trainable) return bco_fail(err, BCO_EUSAGE, "gradients of a model that was not opened as trainable");
    enum bco_code code = check_batch(model, batch, err);
    if (code || batch->sequences == 0) return code;
    if ((code = prepare(model, batch, true, &pass, &head, err))) goto done;
    bco_trunk_forward(model, &pass);
    grad_head(&(struct scorer){model, batch, &pass, &head, group, dlogp, user, logp});
    bco_trunk_backward(model, &pass);
done:
    bco_pass_close(&pass);
    return code ? code : bco_model_computed(model, err);
}

enum bco_code bco_model_grad(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dlogp, void *user,
                             double *logp, struct bco_error *err) {
    return grad(model, batch, 1, dlogp, user, logp, err);
}

enum bco_code bco_model_grad_pairs(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dlogp, void *user,
                                   double *logp, struct bco_error *err) {
    if (batch->sequences % 2) return bco_fail(err, BCO_EUSAGE, "%zu sequences are no pairs", batch->sequences);
    return grad(model, batch, 2, dlogp, user, logp, err);
}

size_t bco_model_activation_bytes(const struct bco_model *model, size_t sequences, size_t tokens, size_t longest,
                                  bool recompute) {
    struct bco_pass pass = {.B = sequences, .T = tokens, .longest = longest, .train = true, .recompute = recompute};
    struct bco_head head = {.count = tokens};
    return bco_trunk_bytes(model, &pass) + bco_head_bytes(model, &head, true);
}

void bco_model_set_recompute(struct bco_model *model, bool recompute) {
    model->recompute = recompute;
}

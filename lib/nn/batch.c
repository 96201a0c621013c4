#include "nn/batch.h"
#include "base/fail.h"

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

struct bco_pass bco_pass_of(const struct bco_model *model, const struct bco_batch *batch, bool train) {
    struct bco_pass pass = {.B = batch->sequences, .starts = batch->starts, .ids = batch->ids, .train = train};
    pass.recompute = train && model->recompute;
    pass.T = batch->starts[batch->sequences];
    for (size_t b = 0; b < pass.B; b++) {
        size_t length = batch->starts[b + 1] - batch->starts[b];
        if (length > pass.longest) pass.longest = length;
    }
    return pass;
}

#include "align/mismatch.h"

#include "base/fail.h"
#include "data/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct bco_mismatch_names *bco_mismatch_names(bool pair, size_t half) {
    static const struct bco_mismatch_names binary = {"kl_completion", "kl_completion_ids", "ref_logp_kl"},
                                           halves[2] = {{"kl_chosen", "kl_chosen_ids", "ref_logp_kl_chosen"},
                                                        {"kl_rejected", "kl_rejected_ids", "ref_logp_kl_rejected"}};
    return pair ? &halves[half] : &binary;
}

static const char *name_of(bool pair, size_t half, bool ids) {
    const struct bco_mismatch_names *names = bco_mismatch_names(pair, half);
    return ids ? names->ids : names->completion;
}

/* ---- giving ---------------------------------------------------------------------------- */

static const char *own_name(bool pair, size_t half, bool ids) {
    if (!pair) return ids ? "completion_ids" : "completion";
    if (half) return ids ? "rejected_ids" : "rejected";
    return ids ? "chosen_ids" : "chosen";
}

enum bco_code bco_mismatch_add(struct bco_record *record, const struct bco_record *previous, bool ids,
                               struct bco_error *err) {
    bool pair = bco_record_kind(record, own_name(false, 0, ids)) == BCO_MISSING,
         from_pair = bco_record_kind(previous, own_name(false, 0, ids)) == BCO_MISSING;
    for (size_t half = 0; half <= (size_t)pair; half++) {
        size_t length;
        char *json = bco_record_json(previous, own_name(from_pair, half, ids), &length);
        if (!json) return bco_fail_memory(err);
        enum bco_code code = bco_record_set_json(record, name_of(pair, half, ids), json, length, err);
        free(json);
        if (code != BCO_OK) return code;
    }
    return BCO_OK;
}

/* ---- and what the model sees of it ------------------------------------------------------- */

static enum bco_code check_there(const struct bco_record *record, const char *name, struct bco_error *err) {
    if (bco_record_kind(record, name) != BCO_MISSING) return BCO_OK;
    return bco_record_fail(record, name, err, "is missing: bco-refcache --kto adds it");
}

static enum bco_code of_ids(const struct bco_limits *limits, size_t vocabulary, const struct bco_record *record,
                            const char *name, struct bco_sequence *sequence, struct bco_error *err) {
    int32_t *prompt = NULL, *completion = NULL;
    size_t prompt_count, completion_count;
    bool dropped;
    enum bco_code code = bco_record_ids(record, "prompt_ids", &prompt, &prompt_count, err);
    if (code == BCO_OK) code = bco_record_ids(record, name, &completion, &completion_count, err);
    if (code == BCO_OK)
        code = bco_sequence_of_ids(limits, vocabulary, prompt, prompt_count, completion, completion_count, sequence,
                                   &dropped, NULL, err);
    free(prompt);
    free(completion);
    return code;
}

static enum bco_code of_text(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                             const struct bco_record *record, const struct bco_sample *sample, const char *name,
                             struct bco_sequence *sequence, struct bco_error *err) {
    struct bco_text completion;
    bool dropped;
    enum bco_code code = bco_record_get_text(record, name, &completion, err);
    if (code != BCO_OK) return code;
    return bco_sequence_of_text(tokenizer, limits, &sample->prompt, &completion, sequence, &dropped, NULL, err);
}

/* What is wrong with the completion is said of the field that it came from. */
static void place(struct bco_error *err, const struct bco_record *record, const char *name) {
    if (!err) return;
    if (strncmp(err->field, "completion", strlen("completion")) == 0)
        snprintf(err->field, sizeof err->field, "%s", name);
    bco_error_place(err, bco_record_file(record), bco_record_line(record), name);
}

enum bco_code bco_mismatch_sequences(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                     size_t vocabulary, const struct bco_record *record,
                                     const struct bco_sample *sample, struct bco_sequences *sequences,
                                     struct bco_error *err) {
    struct bco_limits cutting = *limits;
    enum bco_code code = BCO_OK;
    cutting.overlong = BCO_OVERLONG_TRUNCATE;
    *sequences = (struct bco_sequences){0};
    for (size_t half = 0; half <= (size_t)sample->is_pair && code == BCO_OK; half++) {
        const char *name = name_of(sample->is_pair, half, limits->ids);
        struct bco_sequence *sequence = &sequences->items[half];
        code = check_there(record, name, err);
        if (code == BCO_OK)
            code = limits->ids ? of_ids(&cutting, vocabulary, record, name, sequence, err)
                               : of_text(tokenizer, &cutting, record, sample, name, sequence, err);
        if (code == BCO_OK) sequences->count++;
        if (code != BCO_OK) place(err, record, name);
    }
    if (code != BCO_OK) bco_sequences_free(sequences);
    return code;
}

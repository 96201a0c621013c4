#include <bco/sequence.h>

#include "base/fail.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void bco_sequence_free(struct bco_sequence *sequence) {
    if (!sequence) return;
    free(sequence->ids);
    *sequence = (struct bco_sequence){0};
}

void bco_sequences_free(struct bco_sequences *sequences) {
    if (!sequences) return;
    for (size_t i = 0; i < 2; i++) bco_sequence_free(&sequences->items[i]);
    *sequences = (struct bco_sequences){0};
}

enum bco_code bco_limits_check(const struct bco_limits *limits, const struct bco_tokenizer *tokenizer, size_t positions,
                               struct bco_error *err) {
    if (limits->max_length == 1) return bco_fail(err, BCO_EUSAGE, "--max-length 1: a sequence needs room for 2 tokens");
    if (positions && limits->max_length > positions)
        return bco_fail(err, BCO_EUSAGE, "--max-length %zu: the model has %zu positions", limits->max_length,
                        positions);
    if (tokenizer && !limits->ids && limits->eos && bco_tokenizer_eos(tokenizer) < 0)
        return bco_fail(err, BCO_EDATA, "the model's files name no EOS token (eos_token); --no-eos goes without");
    return BCO_OK;
}

/* ---- cutting to limits ------------------------------------------------------------ */

/* A sequence before it is cut; bos and eos are -1 where there is none. */
struct parts {
    const int32_t *prompt, *completion;
    size_t prompt_count, completion_count;
    int32_t bos, eos;
};

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Cuts the parts to max_length, which they exceed. */
static void truncate_parts(struct parts *parts, const struct bco_limits *limits, struct bco_cuts *cuts) {
    size_t bos = parts->bos >= 0, answer = parts->completion_count + (parts->eos >= 0);
    size_t room = (limits->max_length < 2 ? 2 : limits->max_length) - bos; /* of prompt and completion */
    size_t keep = room > answer ? room - answer : 0;
    if (keep < limits->max_prompt) keep = limits->max_prompt;
    keep = smaller(smaller(keep, room - 1), parts->prompt_count);
    if (keep == 0 && !bos) keep = 1;
    if (keep < parts->prompt_count) cuts->prompts++;
    parts->prompt += parts->prompt_count - keep;
    parts->prompt_count = keep;
    if (room - keep >= answer) return;
    cuts->completions++;
    parts->eos = -1;
    parts->completion_count = smaller(parts->completion_count, room - keep);
}

static enum bco_code join_parts(const struct parts *parts, struct bco_sequence *sequence, struct bco_error *err) {
    size_t bos = parts->bos >= 0, eos = parts->eos >= 0;
    size_t length = bos + parts->prompt_count + parts->completion_count + eos;
    int32_t *ids = bco_malloc(length, sizeof *ids);
    if (!ids) return bco_fail_memory(err);
    *sequence = (struct bco_sequence){.ids = ids, .length = length, .prompt_len = bos + parts->prompt_count};
    if (bos) *ids++ = parts->bos;
    if (parts->prompt_count) memcpy(ids, parts->prompt, parts->prompt_count * sizeof *ids);
    ids += parts->prompt_count;
    if (parts->completion_count) memcpy(ids, parts->completion, parts->completion_count * sizeof *ids);
    if (eos) ids[parts->completion_count] = parts->eos;
    return BCO_OK;
}

static enum bco_code make_sequence(struct parts *parts, const struct bco_limits *limits, struct bco_sequence *sequence,
                                   bool *dropped, struct bco_cuts *cuts, struct bco_error *err) {
    struct bco_cuts nobody = {0};
    if (!cuts) cuts = &nobody;
    *sequence = (struct bco_sequence){0};
    *dropped = false;
    if (!parts->prompt_count && parts->bos < 0)
        return bco_fail_at(err, BCO_EDATA, NULL, 0, "prompt", "prompt has no tokens");
    if (!parts->completion_count && parts->eos < 0)
        return bco_fail_at(err, BCO_EDATA, NULL, 0, "completion", "completion has no tokens");
    size_t length = (parts->bos >= 0) + parts->prompt_count + parts->completion_count + (parts->eos >= 0);
    if (limits->max_length && length > limits->max_length) {
        if (limits->overlong == BCO_OVERLONG_ERROR)
            return bco_fail(err, BCO_EDATA, "prompt and completion are %zu tokens, the limit is %zu", length,
                            limits->max_length);
        if (limits->overlong == BCO_OVERLONG_DROP) {
            *dropped = true;
            cuts->dropped++;
            return BCO_OK;
        }
        truncate_parts(parts, limits, cuts);
    }
    return join_parts(parts, sequence, err);
}

/* ---- from texts and from ids -------------------------------------------------------- */

static enum bco_code encode(const struct bco_tokenizer *tokenizer, const char *text, size_t length, const char *field,
                            struct bco_ids *ids, struct bco_error *err) {
    enum bco_code code = bco_tokenizer_encode(tokenizer, text, length, 0, ids, err);
    if (code) bco_error_place(err, NULL, 0, field);
    return code;
}

/* Says where the prompt's rendering and the whole's part. */
static enum bco_code fail_parted(const char *text, size_t at, struct bco_error *err) {
    size_t start = at > 24 ? at - 24 : 0;
    while (start > 0 && ((unsigned char)text[start] & 0xC0) == 0x80) start--;
    return bco_fail_at(err, BCO_EDATA, NULL, 0, "prompt",
                       "the prompt's rendering is no prefix of the whole: they part at byte %zu, behind '%.*s'", at,
                       (int)(at - start), text + start);
}

static enum bco_code encode_messages(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                     const struct bco_text *prompt, const struct bco_text *completion,
                                     struct bco_ids *before, struct bco_ids *after, struct bco_cuts *cuts,
                                     struct bco_error *err) {
    char *text = NULL;
    size_t length, cut;
    bool parted;
    if (!prompt->messages || !completion->messages)
        return bco_fail_at(err, BCO_EDATA, NULL, 0, "completion",
                           "prompt and completion are not both lists of messages");
    if (!limits->chat)
        return bco_fail_at(err, BCO_EDATA, NULL, 0, "prompt",
                           "is a list of messages, and the model has no chat template");
    enum bco_code code =
        bco_template_split(limits->chat, prompt->text, prompt->length, completion->text, completion->length,
                           limits->chat_options, &text, &length, &cut, &parted, err);
    if (!code && parted && limits->strict_template) code = fail_parted(text, cut, err);
    if (!code && parted && cuts) cuts->parted++;
    if (!code) code = encode(tokenizer, text, cut, "prompt", before, err);
    if (!code) code = encode(tokenizer, text + cut, length - cut, "completion", after, err);
    if (code) bco_error_place(err, NULL, 0, "prompt");
    free(text);
    return code;
}

enum bco_code bco_sequence_of_text(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                   const struct bco_text *prompt, const struct bco_text *completion,
                                   struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                   struct bco_error *err) {
    struct bco_ids before = {0}, after = {0};
    bool messages = prompt->messages || completion->messages;
    enum bco_code code;
    *sequence = (struct bco_sequence){0};
    *dropped = false;
    if (messages) {
        code = encode_messages(tokenizer, limits, prompt, completion, &before, &after, cuts, err);
    } else {
        code = encode(tokenizer, prompt->text, prompt->length, "prompt", &before, err);
        if (!code) code = encode(tokenizer, completion->text, completion->length, "completion", &after, err);
    }
    if (!code) {
        struct parts parts = {before.ids,
                              after.ids,
                              before.count,
                              after.count,
                              limits->bos && !messages ? bco_tokenizer_bos(tokenizer) : -1,
                              limits->eos && !messages ? bco_tokenizer_eos(tokenizer) : -1};
        code = make_sequence(&parts, limits, sequence, dropped, cuts, err);
    }
    bco_ids_free(&before);
    bco_ids_free(&after);
    return code;
}

static enum bco_code check_ids(const int32_t *ids, size_t count, size_t vocabulary, const char *field,
                               struct bco_error *err) {
    size_t end = vocabulary ? vocabulary : (size_t)INT32_MAX + 1;
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= end)
            return bco_fail_at(err, BCO_EDATA, NULL, 0, field, "id %d is outside the vocabulary of %zu", ids[i], end);
    return BCO_OK;
}

enum bco_code bco_sequence_of_ids(const struct bco_limits *limits, size_t vocabulary, const int32_t *prompt,
                                  size_t prompt_count, const int32_t *completion, size_t completion_count,
                                  struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                                  struct bco_error *err) {
    *sequence = (struct bco_sequence){0};
    *dropped = false;
    enum bco_code code = check_ids(prompt, prompt_count, vocabulary, "prompt_ids", err);
    if (!code) code = check_ids(completion, completion_count, vocabulary, "completion_ids", err);
    struct parts parts = {prompt, completion, prompt_count, completion_count, -1, -1};
    return code ? code : make_sequence(&parts, limits, sequence, dropped, cuts, err);
}

/* ---- from a record ------------------------------------------------------------------- */

static enum bco_code from_ids(const struct bco_limits *limits, size_t vocabulary, const struct bco_record *record,
                              const char *field, struct bco_sequence *sequence, bool *dropped, struct bco_cuts *cuts,
                              struct bco_error *err) {
    int32_t *prompt = NULL, *completion = NULL;
    size_t prompt_count = 0, completion_count = 0;
    enum bco_code code = bco_record_ids(record, "prompt_ids", &prompt, &prompt_count, err);
    if (!code) code = bco_record_ids(record, field, &completion, &completion_count, err);
    if (!code) code = check_ids(completion, completion_count, vocabulary, field, err);
    if (!code)
        code = bco_sequence_of_ids(limits, vocabulary, prompt, prompt_count, completion, completion_count, sequence,
                                   dropped, cuts, err);
    free(prompt);
    free(completion);
    return code;
}

/* The tokenizer's ids must be the model's. */
static enum bco_code check_tokens(const struct bco_tokenizer *tokenizer, const struct bco_sequence *sequence,
                                  size_t vocabulary, struct bco_error *err) {
    for (size_t i = 0; vocabulary && i < sequence->length; i++) {
        if ((size_t)sequence->ids[i] < vocabulary) continue;
        size_t length;
        const char *piece = bco_tokenizer_piece(tokenizer, sequence->ids[i], &length);
        return bco_fail(err, BCO_EDATA,
                        "token %d ('%.64s') is outside the model's vocabulary of %zu: not this model's tokenizer",
                        sequence->ids[i], piece ? piece : "", vocabulary);
    }
    return BCO_OK;
}

static enum bco_code one_sequence(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                  size_t vocabulary, const struct bco_record *record, const struct bco_sample *sample,
                                  size_t which, struct bco_sequences *sequences, struct bco_cuts *cuts,
                                  struct bco_error *err) {
    static const char *const fields[2][2] = {{"completion_ids", ""}, {"chosen_ids", "rejected_ids"}};
    struct bco_sequence *sequence = &sequences->items[which];
    if (limits->ids)
        return from_ids(limits, vocabulary, record, fields[sample->is_pair][which], sequence, &sequences->dropped, cuts,
                        err);
    enum bco_code code =
        bco_sequence_of_text(tokenizer, limits, &sample->prompt, which ? &sample->rejected : &sample->completion,
                             sequence, &sequences->dropped, cuts, err);
    return code ? code : check_tokens(tokenizer, sequence, vocabulary, err);
}

/* "completion" is called by its name in a pair. */
static void name_field(struct bco_error *err, const struct bco_sample *sample, size_t which) {
    if (!err || !sample->is_pair || strcmp(err->field, "completion") != 0) return;
    snprintf(err->field, sizeof err->field, "%s", which ? "rejected" : "chosen");
}

enum bco_code bco_sequences_of_record(const struct bco_tokenizer *tokenizer, const struct bco_limits *limits,
                                      size_t vocabulary, const struct bco_record *record,
                                      const struct bco_sample *sample, struct bco_sequences *sequences,
                                      struct bco_cuts *cuts, struct bco_error *err) {
    *sequences = (struct bco_sequences){0};
    struct bco_cuts own = {0};
    for (size_t i = 0; i < (sample->is_pair ? 2 : 1); i++) {
        enum bco_code code = one_sequence(tokenizer, limits, vocabulary, record, sample, i, sequences, &own, err);
        if (code) {
            name_field(err, sample, i);
            bco_error_place(err, bco_record_file(record), bco_record_line(record), NULL);
            bco_sequences_free(sequences);
            return code;
        }
        sequences->count = i + 1;
        if (!sequences->dropped) continue;
        bco_sequences_free(sequences);
        sequences->dropped = true;
        own = (struct bco_cuts){.dropped = 1};
        break;
    }
    if (!cuts) return BCO_OK;
    cuts->prompts += own.prompts;
    cuts->completions += own.completions;
    cuts->dropped += own.dropped;
    cuts->parted += own.parted;
    return BCO_OK;
}

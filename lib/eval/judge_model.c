/* The judge is a reward model: the greater score wins. */
#include "eval/match.h"
#include "eval/ruling.h"

#include "align/window.h"
#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"

#include <string.h>

enum { BATCH_TOKENS = 4096, BATCHES_A_WINDOW = 8, MOST_PAIRS = 2048 };

/* One pair of the window: its jobs, or why it has none. */
struct waiting {
    size_t pair;
    size_t job;   /* A's; B's is the next */
    bool dropped; /* overlong */
};

struct scoring {
    const struct bco_hearing *hearing;
    const struct bco_judge_model *judge;
    struct bco_window window;
    struct bco_compute compute;
    struct waiting *waiting;
    size_t count;
};

/* ---- reading --------------------------------------------------------------------- */

/* A text (an answer may be an empty one), or messages, which are checked. */
static enum bco_code get_text(struct bco_record *record, const char *field, const char *json, bool may_be_empty,
                              struct bco_text *text, struct bco_error *err) {
    struct bco_field found;
    enum bco_code code = bco_record_set_json(record, field, json, strlen(json), err);
    text->messages = !code && bco_record_kind(record, field) == BCO_LIST;
    text->text = json;
    text->length = strlen(json);
    if (!code && (text->messages || !may_be_empty)) code = bco_record_find_text(record, field, &found, err);
    if (!code && !text->messages) bco_record_text(record, field, &text->text, &text->length);
    return code;
}

static enum bco_code make_sequence(struct scoring *s, const struct bco_side *side, const char *path,
                                   struct bco_sequence *sequence, bool *dropped, struct bco_error *err) {
    struct bco_text prompt, completion;
    struct bco_record *record = NULL;
    enum bco_code code = bco_record_parse(&record, NULL, 0, err);
    *dropped = false;
    if (!code) code = get_text(record, "prompt", side->prompt, false, &prompt, err);
    if (!code) code = get_text(record, "completion", side->completion, true, &completion, err);
    if (!code)
        code = bco_sequence_of_text(s->judge->tokenizer, &s->judge->limits, &prompt, &completion, sequence, dropped,
                                    &s->hearing->counts->cuts, err);
    bco_record_free(record);
    if (!code) return BCO_OK;
    err->file[0] = '\0';
    bco_error_place(err, path, side->line, NULL);
    return code;
}

/* Both records of a pair go, the `bad` one for its reason. */
static enum bco_code reject_pair(struct scoring *s, const struct bco_side *const sides[2], const char *const paths[2],
                                 int bad, struct bco_error *err) {
    struct bco_writer *rejects = s->hearing->options.rejects;
    struct bco_error reasons[2];
    if (!rejects) return BCO_EDATA;
    reasons[bad] = *err;
    bco_fail_at(&reasons[!bad], BCO_EDATA, paths[!bad], sides[!bad]->line, NULL, "its partner, %.200s:%zu, is rejected",
                paths[bad], sides[bad]->line);
    s->hearing->counts->rejected += 2;
    enum bco_code code = bco_writer_reject(rejects, &reasons[0], sides[0]->raw, sides[0]->raw_length, err);
    return code ? code : bco_writer_reject(rejects, &reasons[1], sides[1]->raw, sides[1]->raw_length, err);
}

/* Takes the sequences over, unless one of them was dropped. */
static enum bco_code keep_pair(struct scoring *s, size_t i, struct bco_sequence sequences[2], bool dropped,
                               struct bco_error *err) {
    enum bco_code code = BCO_OK;
    s->waiting[s->count++] = (struct waiting){.pair = i, .job = s->window.job_count, .dropped = dropped};
    for (int k = 0; !code && !dropped && k < 2; k++)
        code = bco_window_add_job(&s->window, &sequences[k], i + 1, 0, err);
    return code;
}

static enum bco_code add_pair(struct scoring *s, size_t i, struct bco_error *err) {
    const struct bco_match *pairs = s->hearing->pairs;
    const struct bco_side *sides[2] = {&pairs->a.sides[pairs->pairs[i].a], &pairs->b.sides[pairs->pairs[i].b]};
    const char *paths[2] = {pairs->a.path, pairs->b.path};
    struct bco_sequence sequences[2] = {{0}, {0}};
    bool dropped[2] = {false, false};
    struct bco_error own = {0};
    enum bco_code code = BCO_OK;
    int k = 0;
    for (; k < 2 && !code; k++) code = make_sequence(s, sides[k], paths[k], &sequences[k], &dropped[k], &own);
    if (code && err) *err = own;
    if (!code)
        code = keep_pair(s, i, sequences, dropped[0] || dropped[1], err);
    else if (code == BCO_EDATA)
        code = reject_pair(s, sides, paths, k - 1, err ? err : &own);
    for (k = 0; k < 2; k++) bco_sequence_free(&sequences[k]);
    return code;
}

/* ---- scoring --------------------------------------------------------------------- */

static enum bco_code compute(struct scoring *s, struct bco_error *err) {
    size_t *order = NULL, count = 0;
    enum bco_code code = bco_window_find_twins(&s->window, err);
    if (!code) code = bco_window_pending(&s->window, &order, &count, err);
    for (size_t done = 0, taken = 0; !code && done < count; done += taken) {
        code = bco_hearing_check(s->hearing, err);
        if (!code) code = bco_window_compute(&s->window, &s->compute, order + done, count - done, &taken, err);
    }
    free(order);
    return code;
}

static double score_of(const struct scoring *s, size_t job) {
    return s->window.jobs[s->window.jobs[job].twin].result.logp;
}

static enum bco_code rule(const struct scoring *s, const struct waiting *waiting, struct bco_error *err) {
    static char overlong[] = "prompt and answer are longer than the limit, and --overlong is drop";
    struct bco_ruling ruling = {.reason = waiting->dropped ? overlong : NULL};
    struct bco_answer_read *answer = &ruling.answer;
    if (!waiting->dropped) {
        double a = score_of(s, waiting->job), b = score_of(s, waiting->job + 1);
        *answer = (struct bco_answer_read){
            .winner = a == b  ? BCO_WINNER_TIE
                      : a > b ? BCO_WINNER_A
                              : BCO_WINNER_B,
            .has_scores = true,
            .score_a = a,
            .score_b = b,
        };
    }
    return bco_ruling_write_same(s->hearing, waiting->pair, &ruling, err);
}

static enum bco_code run_window(struct scoring *s, size_t tokens, size_t *next, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    s->count = 0;
    while (!code && *next < s->hearing->pairs->count && s->count < MOST_PAIRS && s->window.tokens < tokens)
        code = add_pair(s, (*next)++, err);
    if (!code) code = compute(s, err);
    for (size_t i = 0; !code && i < s->count; i++) code = rule(s, &s->waiting[i], err);
    bco_window_clear(&s->window);
    return code;
}

enum bco_code bco_judge_by_model(const struct bco_hearing *hearing, struct bco_error *err) {
    const struct bco_judge_model *judge = hearing->options.model;
    struct scoring s = {.hearing = hearing, .judge = judge};
    size_t tokens, next = 0;
    if (!bco_model_is_classifier(judge->model))
        return bco_fail(err, BCO_EDATA, "the reward model is no classifier (*ForSequenceClassification)");
    s.compute.model = judge->model;
    s.compute.batch_tokens = judge->batch_tokens ? judge->batch_tokens : BATCH_TOKENS;
    if (!bco_size_mul(s.compute.batch_tokens, BATCHES_A_WINDOW, &tokens)) tokens = s.compute.batch_tokens;
    s.waiting = bco_calloc(MOST_PAIRS, sizeof *s.waiting);
    enum bco_code code = s.waiting ? BCO_OK : bco_fail_memory(err);
    while (!code && next < hearing->pairs->count) code = run_window(&s, tokens, &next, err);
    bco_window_free(&s.window);
    bco_pack_free(&s.compute.pack);
    free(s.waiting);
    return code;
}

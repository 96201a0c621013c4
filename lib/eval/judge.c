#include "eval/ruling.h"

#include "base/fail.h"
#include "eval/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bco_ruling_free(struct bco_ruling *ruling) {
    free(ruling->reason);
    *ruling = (struct bco_ruling){0};
}

/* ---- writing ------------------------------------------------------------------- */

static enum bco_code set_scores(struct bco_record *record, const struct bco_ruling *ruling, struct bco_error *err) {
    if (!ruling->answer.has_scores) return BCO_OK;
    enum bco_code code = bco_record_set_number(record, "score_a", ruling->answer.score_a, err);
    return code ? code : bco_record_set_number(record, "score_b", ruling->answer.score_b, err);
}

static enum bco_code write_verdict(const struct bco_hearing *hearing, const struct bco_pair *pair, bool swapped,
                                   const struct bco_ruling *ruling, struct bco_error *err) {
    static const char *const winners[] = {"null", "\"a\"", "\"b\"", "\"tie\""};
    const struct bco_side *a = &hearing->pairs->a.sides[pair->a], *b = &hearing->pairs->b.sides[pair->b];
    const char *winner = winners[ruling->answer.winner], *judge = hearing->options.name, *reason = ruling->reason;
    struct bco_record *record = NULL;
    enum bco_code code = bco_record_parse(&record, NULL, 0, err);
    if (!code && a->id) code = bco_record_set_json(record, "id", a->id, strlen(a->id), err);
    if (!code) code = bco_record_set_json(record, "prompt", a->prompt, strlen(a->prompt), err);
    if (!code) code = bco_record_set_json(record, "winner", winner, strlen(winner), err);
    if (!code) code = bco_record_set_number(record, "length_a", (double)a->length, err);
    if (!code) code = bco_record_set_number(record, "length_b", (double)b->length, err);
    if (!code) code = bco_record_set_text(record, "order", swapped ? "ba" : "ab", 2, err);
    if (!code) code = bco_record_set_text(record, "judge", judge, strlen(judge), err);
    if (!code) code = set_scores(record, ruling, err);
    if (!code && pair->several) code = bco_record_set_number(record, "sample", (double)pair->sample, err);
    if (!code && reason) code = bco_record_set_text(record, "reason", reason, strlen(reason), err);
    if (!code) code = bco_writer_record(hearing->out, record, err);
    bco_record_free(record);
    return code;
}

static void count_ruling(struct bco_judge_counts *counts, const struct bco_ruling *ruling) {
    enum bco_winner winner = ruling->answer.winner;
    counts->verdicts++;
    counts->a += winner == BCO_WINNER_A;
    counts->b += winner == BCO_WINNER_B;
    counts->tie += winner == BCO_WINNER_TIE;
    counts->invalid += winner == BCO_WINNER_NONE;
    if (ruling->reason && !counts->reason[0]) snprintf(counts->reason, sizeof counts->reason, "%s", ruling->reason);
}

static void count_flip(struct bco_judge_counts *counts, enum bco_winner ab, enum bco_winner ba) {
    if (ab == BCO_WINNER_NONE || ba == BCO_WINNER_NONE) return;
    counts->pairs++;
    counts->flips += ab != ba;
    counts->first += ab == BCO_WINNER_A && ba == BCO_WINNER_B;
    counts->second += ab == BCO_WINNER_B && ba == BCO_WINNER_A;
}

enum bco_code bco_ruling_write(const struct bco_hearing *hearing, size_t i, const struct bco_ruling rulings[2],
                               struct bco_error *err) {
    const struct bco_pair *pair = &hearing->pairs->pairs[i];
    const struct bco_watch *watch = hearing->watch;
    int orders = hearing->options.one_order ? 1 : 2;
    for (int order = 0; order < orders; order++) {
        enum bco_code code = write_verdict(hearing, pair, order == 1, &rulings[order], err);
        if (code) return code;
        count_ruling(hearing->counts, &rulings[order]);
    }
    if (orders == 2) count_flip(hearing->counts, rulings[0].answer.winner, rulings[1].answer.winner);
    if (watch && watch->progress) watch->progress(watch->user, i + 1, hearing->pairs->count, "pairs");
    return BCO_OK;
}

enum bco_code bco_ruling_write_same(const struct bco_hearing *hearing, size_t i, const struct bco_ruling *ruling,
                                    struct bco_error *err) {
    const struct bco_ruling both[2] = {*ruling, *ruling};
    return bco_ruling_write(hearing, i, both, err);
}

enum bco_code bco_hearing_check(const struct bco_hearing *hearing, struct bco_error *err) {
    const struct bco_watch *watch = hearing->watch;
    return watch && watch->stop && watch->stop(watch->user) ? bco_fail(err, BCO_EINTERRUPTED, "interrupted") : BCO_OK;
}

/* ---- all pairs ------------------------------------------------------------------- */

enum bco_code bco_judge_pairs(const struct bco_match *pairs, const struct bco_judge_options *options,
                              struct bco_writer *out, struct bco_judge_counts *counts, const struct bco_watch *watch,
                              struct bco_error *err) {
    struct bco_hearing hearing = {.pairs = pairs, .options = *options, .out = out, .counts = counts, .watch = watch};
    struct bco_judge_options *o = &hearing.options;
    if (!(o->timeout > 0)) o->timeout = 60;
    if (!o->max_line) o->max_line = (size_t)1 << 20;
    if (!o->parallel) o->parallel = 1;
    if (!o->name) o->name = o->command ? o->command : o->prefer ? o->prefer : "model";
    *counts = (struct bco_judge_counts){0};
    if (o->model) return bco_judge_by_model(&hearing, err);
    return o->command ? bco_judge_by_command(&hearing, err) : bco_judge_by_regex(&hearing, err);
}

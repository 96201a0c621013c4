#include "eval/child.h"
#include "eval/match.h"

#include "base/fail.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* The judge at work. */
struct court {
    const struct bco_match *pairs;
    struct bco_judge_options options; /* without zeros */
    struct bco_child child;
    struct bco_buf question;
    struct bco_judge_counts *counts;
    const struct bco_watch *watch;
    bool answered;
};

/* The end of one question: a verdict, or why there is none. */
struct ruling {
    struct bco_answer_read answer; /* as A and B are, not as the judge saw them */
    char reason[200];
};

/* ---- asking ------------------------------------------------------------------ */

static void write_question(struct bco_buf *buf, const char *prompt, const char *a, const char *b) {
    bco_buf_clear(buf);
    bco_buf_str(buf, "{\"prompt\":");
    bco_buf_str(buf, prompt);
    bco_buf_str(buf, ",\"a\":");
    bco_buf_str(buf, a);
    bco_buf_str(buf, ",\"b\":");
    bco_buf_str(buf, b);
    bco_buf_str(buf, "}\n");
}

static void warn(const struct court *court, const char *message) {
    if (court->watch && court->watch->warn) court->watch->warn(court->watch->user, message);
}

/* The start of what the judge said, fit for a message and for a record. */
static void excerpt(char *text, size_t size, const char *line, size_t length) {
    size_t i = 0;
    for (; i + 1 < size && i < length; i++) text[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    text[i] = '\0';
}

static void describe_end(char *text, size_t size, const struct bco_child *child) {
    if (child->killed)
        snprintf(text, size, "the judge closed its output without an answer");
    else if (WIFEXITED(child->status))
        snprintf(text, size, "the judge ended with exit code %d without an answer", WEXITSTATUS(child->status));
    else
        snprintf(text, size, "the judge was ended by signal %d", WTERMSIG(child->status));
}

/* Counts a failed answer and puts it in words; the first of each kind is told at once. */
static void note_failure(struct court *court, enum bco_answer answer, struct ruling *ruling) {
    struct bco_judge_counts *counts = court->counts;
    uint64_t *count = &counts->rubbish;
    size_t size = sizeof ruling->reason;
    switch (answer) {
    case BCO_ANSWER_LATE:
        count = &counts->late;
        snprintf(ruling->reason, size, "no answer within %g s (a judge must flush its output after each line)",
                 court->options.timeout);
        break;
    case BCO_ANSWER_ENDED:
        count = &counts->ended;
        describe_end(ruling->reason, size, &court->child);
        break;
    case BCO_ANSWER_LONG:
        count = &counts->too_long;
        snprintf(ruling->reason, size, "an answer of more than %zu bytes", court->options.max_line);
        break;
    case BCO_ANSWER_MORE:
        count = &counts->unasked;
        snprintf(ruling->reason, size, "the judge wrote more than one line to a question");
        break;
    default: break;
    }
    if (++*count == 1) warn(court, ruling->reason);
}

static enum bco_code check_found(const struct court *court, struct bco_error *err) {
    int status = court->child.status;
    if (court->answered || !WIFEXITED(status) || (WEXITSTATUS(status) != 127 && WEXITSTATUS(status) != 126))
        return BCO_OK;
    return bco_fail(err, BCO_ESYSTEM, "the judge command cannot be run (exit code %d), got '%.200s'",
                    WEXITSTATUS(status), court->options.command);
}

/* One attempt. ruling->answer.winner stays BCO_WINNER_NONE where it failed. */
static enum bco_code ask_once(struct court *court, struct ruling *ruling, struct bco_error *err) {
    const char *line;
    size_t length;
    enum bco_code code = court->child.pid ? BCO_OK : bco_child_start(&court->child, court->options.command, err);
    if (code) return code;
    enum bco_answer answer =
        bco_child_ask(&court->child, court->question.data, court->question.length, court->options.timeout,
                      court->options.max_line, court->watch, &line, &length);
    if (answer == BCO_ANSWER_LINE) {
        court->answered = true;
        ruling->answer = bco_judge_read(line, length);
        if (ruling->answer.winner != BCO_WINNER_NONE) return BCO_OK;
        char start[81];
        excerpt(start, sizeof start, line, length);
        snprintf(ruling->reason, sizeof ruling->reason, "no verdict, got '%s'", start);
    }
    if (answer != BCO_ANSWER_LINE) bco_child_stop(&court->child, answer == BCO_ANSWER_ENDED ? 1 : 0);
    if (answer == BCO_ANSWER_STOPPED) return bco_fail(err, BCO_EINTERRUPTED, "interrupted");
    if (answer == BCO_ANSWER_MEMORY) return bco_fail_memory(err);
    note_failure(court, answer, ruling);
    return answer == BCO_ANSWER_ENDED ? check_found(court, err) : BCO_OK;
}

static void swap_sides(struct bco_answer_read *answer) {
    double a = answer->score_a;
    answer->score_a = answer->score_b;
    answer->score_b = a;
    if (answer->winner == BCO_WINNER_A)
        answer->winner = BCO_WINNER_B;
    else if (answer->winner == BCO_WINNER_B)
        answer->winner = BCO_WINNER_A;
}

static enum bco_code ask(struct court *court, const struct bco_pair *pair, bool swapped, struct ruling *ruling,
                         struct bco_error *err) {
    const struct bco_side *a = &court->pairs->a.sides[pair->a], *b = &court->pairs->b.sides[pair->b];
    enum bco_code code = BCO_OK;
    *ruling = (struct ruling){0};
    write_question(&court->question, a->prompt, swapped ? b->completion : a->completion,
                   swapped ? a->completion : b->completion);
    if (court->question.failed) return bco_fail_memory(err);
    for (uint64_t i = 0; !code && ruling->answer.winner == BCO_WINNER_NONE && i <= court->options.retries; i++)
        code = ask_once(court, ruling, err);
    if (swapped) swap_sides(&ruling->answer);
    return code;
}

/* ---- writing ------------------------------------------------------------------- */

static enum bco_code set_scores(struct bco_record *record, const struct ruling *ruling, struct bco_error *err) {
    if (!ruling->answer.has_scores) return BCO_OK;
    enum bco_code code = bco_record_set_number(record, "score_a", ruling->answer.score_a, err);
    return code ? code : bco_record_set_number(record, "score_b", ruling->answer.score_b, err);
}

static enum bco_code write_ruling(const struct court *court, const struct bco_pair *pair, bool swapped,
                                  const struct ruling *ruling, struct bco_writer *out, struct bco_error *err) {
    static const char *const winners[] = {"null", "\"a\"", "\"b\"", "\"tie\""};
    const struct bco_side *a = &court->pairs->a.sides[pair->a], *b = &court->pairs->b.sides[pair->b];
    const char *winner = winners[ruling->answer.winner], *judge = court->options.command;
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
    if (!code && ruling->answer.winner == BCO_WINNER_NONE)
        code = bco_record_set_text(record, "reason", ruling->reason, strlen(ruling->reason), err);
    if (!code) code = bco_writer_record(out, record, err);
    bco_record_free(record);
    return code;
}

/* ---- all pairs ------------------------------------------------------------------- */

static void count_ruling(struct bco_judge_counts *counts, enum bco_winner winner) {
    counts->verdicts++;
    counts->a += winner == BCO_WINNER_A;
    counts->b += winner == BCO_WINNER_B;
    counts->tie += winner == BCO_WINNER_TIE;
    counts->invalid += winner == BCO_WINNER_NONE;
}

static enum bco_code judge_pair(struct court *court, const struct bco_pair *pair, struct bco_writer *out,
                                struct bco_error *err) {
    enum bco_winner winners[2] = {BCO_WINNER_NONE, BCO_WINNER_NONE};
    for (int order = 0; order < (court->options.one_order ? 1 : 2); order++) {
        struct ruling ruling;
        enum bco_code code = ask(court, pair, order == 1, &ruling, err);
        if (!code) code = write_ruling(court, pair, order == 1, &ruling, out, err);
        if (code) return code;
        winners[order] = ruling.answer.winner;
        count_ruling(court->counts, winners[order]);
    }
    bool both = winners[0] != BCO_WINNER_NONE && winners[1] != BCO_WINNER_NONE;
    court->counts->pairs += both;
    court->counts->flips += both && winners[0] != winners[1];
    return BCO_OK;
}

enum bco_code bco_judge_pairs(const struct bco_match *pairs, const struct bco_judge_options *options,
                              struct bco_writer *out, struct bco_judge_counts *counts, const struct bco_watch *watch,
                              struct bco_error *err) {
    struct court court = {.pairs = pairs, .options = *options, .counts = counts, .watch = watch};
    enum bco_code code = BCO_OK;
    if (!(court.options.timeout > 0)) court.options.timeout = 60;
    if (!court.options.max_line) court.options.max_line = (size_t)1 << 20;
    *counts = (struct bco_judge_counts){0};
    for (size_t i = 0; !code && i < pairs->count; i++) {
        code = judge_pair(&court, &pairs->pairs[i], out, err);
        if (!code && watch && watch->progress) watch->progress(watch->user, i + 1, pairs->count, "pairs");
    }
    bco_child_stop(&court.child, code ? 0 : 5);
    if (!code && court.child.left_over)
        code = bco_fail(err, BCO_EDATA,
                        "the judge wrote more lines than it was asked for: nobody knows which verdict "
                        "belongs to which question");
    bco_buf_free(&court.question);
    return code;
}

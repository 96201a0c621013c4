/* The judge is a program: processes of it answer question by question, each
 * looked after by a thread; the caller's thread writes in order. */
#include "eval/child.h"
#include "eval/match.h"
#include "eval/ruling.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { KINDS = BCO_ANSWER_MORE + 1, REASON = 200 };

struct court {
    const struct bco_hearing *hearing;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t news;
    struct bco_ruling (*rulings)[2]; /* of each pair */
    bool *done;
    size_t next;                /* the first pair that no clerk has taken */
    uint64_t failures[KINDS];   /* failed answers */
    char untold[KINDS][REASON]; /* the first one of each kind, until the caller's thread has told it */
    enum bco_code code;         /* of the first clerk that cannot go on */
    struct bco_error error;
    atomic_bool stopping, answered;
};

/* A thread and its process. */
struct clerk {
    struct court *court;
    pthread_t thread;
    struct bco_child child;
    struct bco_buf question;
    char reason[REASON]; /* why the last answer is no verdict */
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

/* The start of what the judge said, fit for a message and for a record. */
static void excerpt(char *text, size_t size, const char *line, size_t length) {
    size_t i = 0;
    for (; i + 1 < size && i < length; i++) text[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    text[i] = '\0';
}

static void describe_end(char *text, const struct bco_child *child) {
    if (child->killed)
        snprintf(text, REASON, "the judge closed its output without an answer");
    else if (WIFEXITED(child->status))
        snprintf(text, REASON, "the judge ended with exit code %d without an answer", WEXITSTATUS(child->status));
    else
        snprintf(text, REASON, "the judge was ended by signal %d", WTERMSIG(child->status));
}

static void note_failure(struct clerk *clerk, enum bco_answer answer) {
    struct court *court = clerk->court;
    const struct bco_judge_options *options = &court->hearing->options;
    switch (answer) {
    case BCO_ANSWER_LATE:
        snprintf(clerk->reason, REASON, "no answer within %g s (a judge must flush its output after each line)",
                 options->timeout);
        break;
    case BCO_ANSWER_ENDED: describe_end(clerk->reason, &clerk->child); break;
    case BCO_ANSWER_LONG: snprintf(clerk->reason, REASON, "an answer of more than %zu bytes", options->max_line); break;
    case BCO_ANSWER_MORE: snprintf(clerk->reason, REASON, "the judge wrote more than one line to a question"); break;
    default: break;
    }
    pthread_mutex_lock(&court->lock);
    if (++court->failures[answer] == 1) memcpy(court->untold[answer], clerk->reason, REASON);
    pthread_cond_signal(&court->news);
    pthread_mutex_unlock(&court->lock);
}

static enum bco_code check_found(const struct clerk *clerk, struct bco_error *err) {
    int status = clerk->child.status;
    if (clerk->court->answered || !WIFEXITED(status) || (WEXITSTATUS(status) != 127 && WEXITSTATUS(status) != 126))
        return BCO_OK;
    return bco_fail(err, BCO_ESYSTEM, "the judge command cannot be run (exit code %d), got '%.200s'",
                    WEXITSTATUS(status), clerk->court->hearing->options.command);
}

static bool is_stopping(void *user) {
    return ((struct court *)user)->stopping;
}

/* One attempt. found->winner stays BCO_WINNER_NONE where it failed. */
static enum bco_code ask_once(struct clerk *clerk, struct bco_answer_read *found, struct bco_error *err) {
    struct court *court = clerk->court;
    const struct bco_judge_options *options = &court->hearing->options;
    const struct bco_watch watch = {.stop = is_stopping, .user = court};
    const char *line;
    size_t length;
    enum bco_code code = clerk->child.pid ? BCO_OK : bco_child_start(&clerk->child, options->command, err);
    if (code) return code;
    enum bco_answer answer = bco_child_ask(&clerk->child, clerk->question.data, clerk->question.length,
                                           options->timeout, options->max_line, &watch, &line, &length);
    if (answer == BCO_ANSWER_LINE) {
        court->answered = true;
        *found = bco_judge_read(line, length);
        if (found->winner != BCO_WINNER_NONE) return BCO_OK;
        char start[81];
        excerpt(start, sizeof start, line, length);
        snprintf(clerk->reason, REASON, "no verdict, got '%s'", start);
    }
    if (answer != BCO_ANSWER_LINE) bco_child_stop(&clerk->child, answer == BCO_ANSWER_ENDED ? 1 : 0);
    if (answer == BCO_ANSWER_STOPPED) return bco_fail(err, BCO_EINTERRUPTED, "interrupted");
    if (answer == BCO_ANSWER_MEMORY) return bco_fail_memory(err);
    note_failure(clerk, answer);
    return answer == BCO_ANSWER_ENDED ? check_found(clerk, err) : BCO_OK;
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

static enum bco_code ask(struct clerk *clerk, const struct bco_pair *pair, bool swapped, struct bco_ruling *ruling,
                         struct bco_error *err) {
    const struct bco_hearing *hearing = clerk->court->hearing;
    const struct bco_side *a = &hearing->pairs->a.sides[pair->a], *b = &hearing->pairs->b.sides[pair->b];
    enum bco_code code = BCO_OK;
    write_question(&clerk->question, a->prompt, swapped ? b->completion : a->completion,
                   swapped ? a->completion : b->completion);
    if (clerk->question.failed) return bco_fail_memory(err);
    for (uint64_t i = 0; !code && ruling->answer.winner == BCO_WINNER_NONE && i <= hearing->options.retries; i++)
        code = ask_once(clerk, &ruling->answer, err);
    if (swapped) swap_sides(&ruling->answer);
    if (code || ruling->answer.winner != BCO_WINNER_NONE) return code;
    ruling->reason = bco_strndup(clerk->reason, strlen(clerk->reason));
    return ruling->reason ? BCO_OK : bco_fail_memory(err);
}

/* ---- the clerks ------------------------------------------------------------------ */

static bool take_pair(struct court *court, size_t *pair) {
    pthread_mutex_lock(&court->lock);
    bool taken = !court->stopping && court->next < court->hearing->pairs->count;
    if (taken) *pair = court->next++;
    pthread_mutex_unlock(&court->lock);
    return taken;
}

/* The first that cannot go on says why, and the others stop. */
static void report(struct court *court, size_t pair, enum bco_code code, const struct bco_error *error) {
    pthread_mutex_lock(&court->lock);
    if (!code) court->done[pair] = true;
    if (code && !court->code && !court->stopping) {
        court->code = code;
        court->error = *error;
    }
    if (code) court->stopping = true;
    pthread_cond_signal(&court->news);
    pthread_mutex_unlock(&court->lock);
}

static void *run_clerk(void *argument) {
    struct clerk *clerk = argument;
    struct court *court = clerk->court;
    const struct bco_hearing *hearing = court->hearing;
    enum bco_code code = BCO_OK;
    for (size_t i; !code && take_pair(court, &i);) {
        struct bco_error error = {0};
        for (int order = 0; !code && order < (hearing->options.one_order ? 1 : 2); order++)
            code = ask(clerk, &hearing->pairs->pairs[i], order == 1, &court->rulings[i][order], &error);
        report(court, i, code, &error);
    }
    bco_child_stop(&clerk->child, code || court->stopping ? 0 : 5);
    bco_buf_free(&clerk->question);
    return NULL;
}

/* ---- the caller's thread ------------------------------------------------------------ */

static void tell(struct court *court) {
    const struct bco_watch *watch = court->hearing->watch;
    for (int i = 0; i < KINDS; i++) {
        if (!court->untold[i][0]) continue;
        if (watch && watch->warn) watch->warn(watch->user, court->untold[i]);
        court->untold[i][0] = '\0';
    }
}

static void wait_for_news(struct court *court) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += 100000000; /* so that a wish to stop is heard */
    if (end.tv_nsec >= 1000000000) end.tv_sec++, end.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&court->news, &court->lock, &end);
}

/* Until pair `i` is done, or a clerk cannot go on. */
static enum bco_code wait_for_pair(struct court *court, size_t i, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    pthread_mutex_lock(&court->lock);
    while (!code && !court->code && !court->done[i]) {
        wait_for_news(court);
        tell(court);
        code = bco_hearing_check(court->hearing, err);
    }
    tell(court);
    if (!code && court->code) {
        code = court->code;
        if (err) *err = court->error;
    }
    pthread_mutex_unlock(&court->lock);
    return code;
}

static enum bco_code write_all(struct court *court, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < court->hearing->pairs->count; i++) {
        code = wait_for_pair(court, i, err);
        if (!code) code = bco_ruling_write(court->hearing, i, court->rulings[i], err);
        for (int order = 0; order < 2 && !code; order++) bco_ruling_free(&court->rulings[i][order]);
    }
    if (code) court->stopping = true;
    return code;
}

static enum bco_code start_clerks(struct court *court, struct clerk *clerks, size_t count, size_t *started,
                                  struct bco_error *err) {
    for (*started = 0; *started < count; ++*started) {
        clerks[*started].court = court;
        if (bco_thread_start(&clerks[*started].thread, run_clerk, &clerks[*started])) continue;
        court->stopping = true;
        return bco_fail(err, BCO_ESYSTEM, "cannot start a thread for process %zu of the judge", *started + 1);
    }
    return BCO_OK;
}

static enum bco_code finish(struct court *court, struct clerk *clerks, size_t started, enum bco_code code,
                            struct bco_error *err) {
    struct bco_judge_counts *counts = court->hearing->counts;
    bool left_over = false;
    for (size_t i = 0; i < started; i++) {
        pthread_join(clerks[i].thread, NULL);
        left_over |= clerks[i].child.left_over;
    }
    counts->late = court->failures[BCO_ANSWER_LATE];
    counts->ended = court->failures[BCO_ANSWER_ENDED];
    counts->too_long = court->failures[BCO_ANSWER_LONG];
    counts->unasked = court->failures[BCO_ANSWER_MORE];
    counts->rubbish = court->failures[BCO_ANSWER_LINE];
    if (code || !left_over) return code;
    return bco_fail(err, BCO_EDATA,
                    "the judge wrote more lines than it was asked for: nobody knows which verdict "
                    "belongs to which question");
}

static void set_up(struct court *court) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&court->lock, NULL);
    pthread_cond_init(&court->news, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void tear_down(struct court *court) {
    for (size_t i = 0; court->rulings && i < court->hearing->pairs->count; i++)
        for (int order = 0; order < 2; order++) bco_ruling_free(&court->rulings[i][order]);
    free(court->rulings);
    free(court->done);
    pthread_cond_destroy(&court->news);
    pthread_mutex_destroy(&court->lock);
}

enum bco_code bco_judge_by_command(const struct bco_hearing *hearing, struct bco_error *err) {
    struct court court = {.hearing = hearing};
    size_t pairs = hearing->pairs->count, started = 0, count = pairs;
    if (hearing->options.parallel < count) count = (size_t)hearing->options.parallel;
    struct clerk *clerks = bco_calloc(count, sizeof *clerks);
    set_up(&court);
    court.rulings = bco_calloc(pairs, sizeof *court.rulings);
    court.done = bco_calloc(pairs, sizeof *court.done);
    enum bco_code code = clerks && court.rulings && court.done ? BCO_OK : bco_fail_memory(err);
    if (!code) code = start_clerks(&court, clerks, count, &started, err);
    if (!code) code = write_all(&court, err);
    code = finish(&court, clerks, started, code, err);
    tear_down(&court);
    free(clerks);
    return code;
}

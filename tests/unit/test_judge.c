/* Judges: what counts as a verdict, and programs that misbehave behind the pipe. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <bco/judge.h>

#include "base/clock.h"
#include "eval/child.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one answer ---------------------------------------------------------------- */

static void reads_answers(void **state) {
    static const struct {
        const char *line;
        enum bco_winner winner;
    } table[] = {
        {"a", BCO_WINNER_A},
        {" B\r", BCO_WINNER_B},
        {"Tie", BCO_WINNER_TIE},
        {"\"a\"", BCO_WINNER_A},
        {"{\"winner\":\"b\",\"why\":\"a is shorter\"}", BCO_WINNER_B},
        {"{\"winner\":\"TIE\"}", BCO_WINNER_TIE},
        {"{\"score_a\":1,\"score_b\":0.5}", BCO_WINNER_A},
        {"{\"score_a\":-1,\"score_b\":-1.0}", BCO_WINNER_TIE},
        {"{\"winner\":\"b\",\"score_a\":1,\"score_b\":0}", BCO_WINNER_B},
        {"", BCO_WINNER_NONE},
        {"A is better", BCO_WINNER_NONE},
        {"ab", BCO_WINNER_NONE},
        {"null", BCO_WINNER_NONE},
        {"{\"winner\":null,\"score_a\":1,\"score_b\":0}", BCO_WINNER_NONE},
        {"{\"winner\":\"c\"}", BCO_WINNER_NONE},
        {"{\"winner\":1}", BCO_WINNER_NONE},
        {"{\"score_a\":1}", BCO_WINNER_NONE},
        {"{\"score_a\":\"1\",\"score_b\":0}", BCO_WINNER_NONE},
        {"{\"score_a\":1e999,\"score_b\":0}", BCO_WINNER_NONE},
        {"{\"winner\":\"a\"", BCO_WINNER_NONE},
        {"[\"a\"]", BCO_WINNER_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (bco_judge_read(table[i].line, strlen(table[i].line)).winner != table[i].winner)
            fail_msg("%s", table[i].line);
    assert_int_equal(bco_judge_read("a\0", 2).winner, BCO_WINNER_NONE);
    struct bco_answer_read scores = bco_judge_read("{\"score_a\":2,\"score_b\":3}", 25);
    assert_true(scores.has_scores && scores.score_a == 2 && scores.score_b == 3);
}

/* ---- the program behind the pipe ------------------------------------------------- */

static enum bco_answer ask(struct bco_child *child, const char *question, double seconds, size_t limit, char *answer) {
    const char *line;
    size_t length;
    enum bco_answer result = bco_child_ask(child, question, strlen(question), seconds, limit, NULL, &line, &length);
    if (result == BCO_ANSWER_LINE) snprintf(answer, 64, "%.*s", (int)(length > 60 ? 60 : length), line);
    return result;
}

static void answers_line_by_line(void **state) {
    struct bco_child child = {0};
    char answer[64];
    (void)state;
    assert_int_equal(bco_child_start(&child, "while read -r x; do echo \"got $x\"; done", NULL), BCO_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&child, "one\n", 60, 100, answer), BCO_ANSWER_LINE);
        assert_string_equal(answer, "got one");
    }
    bco_child_stop(&child, 60);
    assert_true(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0); /* it saw the end of its input */
    assert_int_equal(child.pid, 0);
    bco_child_stop(&child, 5);
}

/* More than a pipe holds, both ways at once. */
static void long_lines_do_not_lock(void **state) {
    struct bco_child child = {0};
    size_t size = 1 << 20;
    char *question = malloc(size + 2);
    const char *line;
    size_t length;
    (void)state;
    memset(question, 'x', size);
    memcpy(question + size, "\n", 2);
    assert_int_equal(bco_child_start(&child, "cat", NULL), BCO_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bco_child_ask(&child, question, size + 1, 30, size, NULL, &line, &length), BCO_ANSWER_LINE);
        assert_int_equal(length, size);
    }
    bco_child_stop(&child, 5);
    free(question);
}

/* Waits until it has closed an end, or said something. */
static void wait_for_news(const struct bco_child *child) {
    struct pollfd fds[2] = {{.fd = child->in}, {.fd = child->out, .events = POLLIN}};
    assert_true(poll(fds, 2, 60000) > 0);
}

static void misbehaviour_has_names(void **state) {
    static const struct {
        const char *command;
        enum bco_answer answer;
        bool unasked; /* it misbehaves before it is asked */
    } table[] = {
        {"sleep 300", BCO_ANSWER_LATE, false},
        {"while read -r x; do :; done", BCO_ANSWER_LATE, false},
        {"exec cat >/dev/null", BCO_ANSWER_ENDED, true},
        {"exit 3", BCO_ANSWER_ENDED, true},
        {"kill -9 $$", BCO_ANSWER_ENDED, true},
        {"read x; printf 'no newline'", BCO_ANSWER_ENDED, false},
        {"exec </dev/null; sleep 300", BCO_ANSWER_ENDED, true},
        {"yes a", BCO_ANSWER_MORE, true},
        {"read x; printf 'a\\nb\\n'; sleep 300", BCO_ANSWER_MORE, false},
        {"read x; while :; do printf 0123456789; done", BCO_ANSWER_LONG, false},
        {"read x; echo 123456789012345678901234567890; sleep 300", BCO_ANSWER_LONG, false},
    };
    char answer[64];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bco_child child = {0};
        double start = bco_clock();
        assert_int_equal(bco_child_start(&child, table[i].command, NULL), BCO_OK);
        if (table[i].unasked) wait_for_news(&child);
        enum bco_answer got = ask(&child, "question\n", table[i].answer == BCO_ANSWER_LATE ? 0.2 : 60, 20, answer);
        if (got != table[i].answer) fail_msg("%s: got %d, expected %d", table[i].command, got, table[i].answer);
        bco_child_stop(&child, 0);
        assert_true(bco_clock() - start < 60);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* every child was waited for */
    assert_int_equal(errno, ECHILD);
}

static void a_line_too_many_is_seen_at_the_end(void **state) {
    struct bco_child child = {0};
    char answer[64];
    (void)state;
    const char *command = "trap 'echo b; exit' USR1; read x; echo a; while :; do sleep 0.01; done";
    assert_int_equal(bco_child_start(&child, command, NULL), BCO_OK);
    assert_int_equal(ask(&child, "question\n", 60, 20, answer), BCO_ANSWER_LINE);
    assert_int_equal(kill(child.pid, SIGUSR1), 0);
    wait_for_news(&child);
    bco_child_stop(&child, 5);
    assert_true(child.left_over);
}

static bool stop_now(void *user) {
    return ++*(int *)user > 1;
}

static void stops_when_asked(void **state) {
    struct bco_child child = {0};
    int calls = 0;
    struct bco_watch watch = {.stop = stop_now, .user = &calls};
    const char *line;
    size_t length;
    (void)state;
    assert_int_equal(bco_child_start(&child, "sleep 300 & wait", NULL), BCO_OK);
    assert_int_equal(bco_child_ask(&child, "q\n", 2, 60, 100, &watch, &line, &length), BCO_ANSWER_STOPPED);
    bco_child_stop(&child, 0);
}

/* A broken pipe must reach nobody, and a signal that was waiting must stay. */
static void sigpipe_is_swallowed(void **state) {
    struct bco_child child = {0};
    char answer[64];
    sigset_t pending;
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(bco_child_start(&child, "exec <&-; sleep 300", NULL), BCO_OK);
    wait_for_news(&child);
    assert_int_equal(ask(&child, "question\n", 60, 20, answer), BCO_ANSWER_ENDED);
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    bco_child_stop(&child, 0);
}

/* ---- pairs --------------------------------------------------------------------------- */

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

struct files {
    char folder[64], a[96], b[96], out[96];
};

static int make_files(void **state) {
    struct files *files = calloc(1, sizeof *files);
    if (!files) return -1;
    snprintf(files->folder, sizeof files->folder, "/tmp/bco-judge-XXXXXX");
    if (!mkdtemp(files->folder)) return -1;
    snprintf(files->a, sizeof files->a, "%s/a.jsonl", files->folder);
    snprintf(files->b, sizeof files->b, "%s/b.jsonl", files->folder);
    snprintf(files->out, sizeof files->out, "%s/out.jsonl", files->folder);
    *state = files;
    return 0;
}

static int remove_files(void **state) {
    struct files *files = *state;
    unlink(files->a);
    unlink(files->b);
    unlink(files->out);
    rmdir(files->folder);
    free(files);
    return 0;
}

static enum bco_code open_pairs(const struct files *files, struct bco_match **pairs, const char *a, const char *b,
                                struct bco_error *err) {
    put(files->a, a);
    put(files->b, b);
    return bco_match_open(pairs, files->a, files->b, NULL, err);
}

#define P(n, c) "{\"prompt\":\"" n "\",\"completion\":\"" c "\"}\n"

static void what_has_no_partner_is_an_error(void **state) {
    struct bco_match *pairs;
    struct bco_error err;
    (void)state;
    assert_int_equal(open_pairs(*state, &pairs, P("p", "x") P("q", "y"), P("q", "z") P("p", "w"), &err), BCO_OK);
    assert_int_equal(bco_match_count(pairs), 2);
    bco_match_close(pairs);
    assert_int_equal(open_pairs(*state, &pairs, P("p", "x") P("q", "y"), P("q", "z"), &err), BCO_EDATA);
    assert_int_equal(err.line, 1);
    assert_non_null(strstr(err.message, "no partner in"));
    assert_int_equal(open_pairs(*state, &pairs, P("q", "y"), P("q", "z") P("q", "z"), &err), BCO_EDATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(open_pairs(*state, &pairs, P("q", "y"), "", &err), BCO_EDATA);
    assert_string_equal(err.message, "no records");
    assert_int_equal(open_pairs(*state, &pairs, "{\"prompt\":\"p\"}\n", P("p", "z"), &err), BCO_EDATA);
    assert_string_equal(err.field, "completion");
}

static void ids_pair_and_prompts_must_agree(void **state) {
    struct bco_match *pairs;
    struct bco_error err;
    const char *a =
        "{\"id\":1,\"prompt\":\"p\",\"completion\":\"x\"}\n{\"id\":\"2\",\"prompt\":\"p\",\"completion\":\"y\"}\n";
    (void)state;
    assert_int_equal(open_pairs(*state, &pairs, a, a, &err), BCO_OK);
    bco_match_close(pairs);
    const char *b =
        "{\"id\":1,\"prompt\":\"p\",\"completion\":\"x\"}\n{\"id\":\"2\",\"prompt\":\"q\",\"completion\":\"y\"}\n";
    assert_int_equal(open_pairs(*state, &pairs, a, b, &err), BCO_EDATA);
    assert_int_equal(err.line, 2);
    assert_string_equal(err.field, "prompt");
}

static enum bco_code judge(const struct files *files, const struct bco_judge_options *options,
                           struct bco_judge_counts *counts, char *text, size_t size, struct bco_error *err) {
    struct bco_match *pairs;
    struct bco_writer *out;
    assert_int_equal(open_pairs(files, &pairs, P("p", "good") P("q", "\xc3\xa9"), P("p", "bad!!") P("q", "bad"), err),
                     BCO_OK);
    assert_int_equal(bco_writer_open(&out, files->out, err), BCO_OK);
    enum bco_code code = bco_judge_pairs(pairs, options, out, counts, NULL, err);
    bco_match_close(pairs);
    if (code) {
        bco_writer_discard(out);
        return code;
    }
    assert_int_equal(bco_writer_close(out, err), BCO_OK);
    FILE *file = fopen(files->out, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    return code;
}

static void both_orders_make_two_verdicts(void **state) {
    /* Says a where the first completion is "good": "bad" against "é" always loses to its place. */
    const struct bco_judge_options options = {
        .command = "while read -r x; do case $x in *'\"b\":\"good'*) echo b;; *) echo a;; esac; done"};
    struct bco_judge_counts counts;
    char text[4096];
    (void)state;
    assert_int_equal(judge(*state, &options, &counts, text, sizeof text, NULL), BCO_OK);
    assert_int_equal(counts.verdicts, 4);
    assert_int_equal(counts.a, 3);
    assert_int_equal(counts.b, 1);
    assert_int_equal(counts.flips, 1);
    assert_int_equal(counts.pairs, 2);
    assert_non_null(strstr(text, "{\"prompt\":\"p\",\"winner\":\"a\",\"length_a\":4,\"length_b\":5,\"order\":\"ab\","));
    assert_non_null(strstr(text, "{\"prompt\":\"p\",\"winner\":\"a\",\"length_a\":4,\"length_b\":5,\"order\":\"ba\","));
    assert_non_null(strstr(text, "{\"prompt\":\"q\",\"winner\":\"b\",\"length_a\":1,\"length_b\":3,\"order\":\"ba\","));
}

static void what_is_no_verdict_is_invalid(void **state) {
    const struct bco_judge_options options = {
        .command = "read x; echo a; read x; printf 'Hm\\377\\n'; read x; exit 4", .one_order = false, .timeout = 60};
    struct bco_judge_counts counts;
    char text[4096];
    (void)state;
    assert_int_equal(judge(*state, &options, &counts, text, sizeof text, NULL), BCO_OK);
    assert_int_equal(counts.verdicts, 4);
    assert_int_equal(counts.a, 1); /* the first answer in A's order, and the new judge's first in B's */
    assert_int_equal(counts.b, 1);
    assert_int_equal(counts.invalid, 2);
    assert_int_equal(counts.rubbish, 1);
    assert_int_equal(counts.ended, 1);
    assert_non_null(strstr(text, "\"winner\":null"));
    assert_non_null(strstr(text, "\"reason\":\"no verdict, got 'Hm?'\""));
    assert_non_null(strstr(text, "exit code 4"));
}

static void a_retry_starts_the_judge_again(void **state) {
    const struct bco_judge_options options = {.command = "read x; echo tie", .retries = 1};
    struct bco_judge_counts counts;
    char text[4096];
    (void)state;
    assert_int_equal(judge(*state, &options, &counts, text, sizeof text, NULL), BCO_OK);
    assert_int_equal(counts.tie, 4);
    assert_int_equal(counts.invalid, 0);
}

static void a_command_that_is_not_there_is_an_error(void **state) {
    const struct bco_judge_options options = {.command = "no-such-judge 2>/dev/null", .retries = 1};
    struct bco_judge_counts counts;
    struct bco_error err;
    char text[4096];
    (void)state;
    assert_int_equal(judge(*state, &options, &counts, text, sizeof text, &err), BCO_ESYSTEM);
    assert_string_equal(err.message,
                        "the judge command cannot be run (exit code 127), got 'no-such-judge 2>/dev/null'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(answers_line_by_line),
        cmocka_unit_test(long_lines_do_not_lock),
        cmocka_unit_test(misbehaviour_has_names),
        cmocka_unit_test(a_line_too_many_is_seen_at_the_end),
        cmocka_unit_test(stops_when_asked),
        cmocka_unit_test(sigpipe_is_swallowed),
        cmocka_unit_test_setup_teardown(what_has_no_partner_is_an_error, make_files, remove_files),
        cmocka_unit_test_setup_teardown(ids_pair_and_prompts_must_agree, make_files, remove_files),
        cmocka_unit_test_setup_teardown(both_orders_make_two_verdicts, make_files, remove_files),
        cmocka_unit_test_setup_teardown(what_is_no_verdict_is_invalid, make_files, remove_files),
        cmocka_unit_test_setup_teardown(a_retry_starts_the_judge_again, make_files, remove_files),
        cmocka_unit_test_setup_teardown(a_command_that_is_not_there_is_an_error, make_files, remove_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

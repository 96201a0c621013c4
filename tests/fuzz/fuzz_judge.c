/* A judge's side of the pipe: what it writes after each question, in pieces that end at 0xFF. Lines come out as they
 * were written, within the limit; what is out of step, too long or cut off is told from a line. */
#include "fuzz.h"

#include "eval/child.h"

#include <bco/judge.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>

enum { LIMIT = 64, MOST_QUESTIONS = 16 };

/* Reads a question, writes the piece that answers it, and so on; a piece without a newline takes the next one along. */
struct judge {
    const uint8_t *bytes, *end;
    int in, out;
};

static bool read_question(int in) {
    char c;
    ssize_t got;
    do got = read(in, &c, 1);
    while (got == 1 && c != '\n');
    return got == 1;
}

static void *judge(void *argument) {
    struct judge *j = argument;
    while (j->bytes < j->end && read_question(j->in)) {
        for (bool ended = false; !ended && j->bytes < j->end;) {
            const uint8_t *cut = memchr(j->bytes, 0xFF, (size_t)(j->end - j->bytes));
            size_t length = (size_t)((cut ? cut : j->end) - j->bytes);
            ended = length && memchr(j->bytes, '\n', length);
            if (length && write(j->out, j->bytes, length) < 0) ended = true;
            j->bytes += length + (cut != NULL);
        }
    }
    close(j->out);
    close(j->in);
    return NULL;
}

/* The first line of what is left. */
static void check_line(const uint8_t *piece, const uint8_t *end, const char *line, size_t length) {
    size_t i = 0;
    FUZZ_CHECK(length <= LIMIT && !memchr(line, '\n', length) && line[length] == '\0');
    for (; piece < end && *piece != '\n'; piece++)
        if (*piece != 0xFF) FUZZ_CHECK(i < length && (uint8_t)line[i++] == *piece);
    FUZZ_CHECK(i == length && piece < end);
}

/* Where the answers that were taken end: behind the piece with the newline. */
static const uint8_t *next_piece(const uint8_t *piece, const uint8_t *end) {
    while (piece < end && *piece != '\n') piece++;
    while (piece < end && *piece != 0xFF) piece++;
    return piece < end ? piece + 1 : end;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    int to[2], from[2];
    pthread_t thread;
    const uint8_t *end = bytes + length;
    signal(SIGPIPE, SIG_IGN);                              /* the judge here writes on when nobody listens any more */
    if (length > 4096 || pipe(to) || pipe(from)) return 0; /* a pipe takes 4096 bytes at once */
    fcntl(to[1], F_SETFL, O_NONBLOCK);
    fcntl(from[0], F_SETFL, O_NONBLOCK);
    struct judge side = {.bytes = bytes, .end = end, .in = to[0], .out = from[1]};
    struct bco_child child = {.in = to[1], .out = from[0]};
    FUZZ_CHECK(pthread_create(&thread, NULL, judge, &side) == 0);
    enum bco_answer answer = BCO_ANSWER_LINE;
    for (int i = 0; i < MOST_QUESTIONS && answer == BCO_ANSWER_LINE; i++) {
        const char *line;
        size_t size;
        answer = bco_child_ask(&child, "{\"a\":1}\n", 8, 30, LIMIT, NULL, &line, &size);
        FUZZ_CHECK(answer != BCO_ANSWER_LATE && answer != BCO_ANSWER_STOPPED && answer != BCO_ANSWER_MEMORY);
        if (answer != BCO_ANSWER_LINE) break;
        check_line(bytes, end, line, size);
        bytes = next_piece(bytes, end);
        struct bco_answer_read read = bco_judge_read(line, size);
        FUZZ_CHECK(!read.has_scores || (isfinite(read.score_a) && isfinite(read.score_b)));
        FUZZ_CHECK(read.winner <= BCO_WINNER_TIE);
    }
    close(child.in);
    close(child.out);
    pthread_join(thread, NULL);
    bco_buf_free(&child.read);
    return 0;
}

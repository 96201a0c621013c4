/* A program behind two pipes that answers a line with a line. */
#ifndef BCO_EVAL_CHILD_H
#define BCO_EVAL_CHILD_H

#include "base/buf.h"

#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bco_child {
    pid_t pid;           /* 0: not running */
    int in, out;         /* our ends: its standard input, its standard output */
    int status;          /* as waitpid gives it, once it has ended */
    bool killed;         /* it had not ended when it was stopped */
    size_t answers;      /* lines taken so far */
    bool left_over;      /* it had written more than was asked for when it was stopped */
    struct bco_buf read; /* what it wrote and nobody has taken */
};

enum bco_answer {
    BCO_ANSWER_LINE,
    BCO_ANSWER_LATE,    /* the time limit passed */
    BCO_ANSWER_ENDED,   /* it ended, or closed its output, before the newline */
    BCO_ANSWER_LONG,    /* more than the limit without a newline */
    BCO_ANSWER_MORE,    /* it wrote when it was not asked */
    BCO_ANSWER_STOPPED, /* watch->stop said so */
    BCO_ANSWER_MEMORY,
};

/* Starts `sh -c command` in a process group of its own; its standard error is ours. */
enum bco_code bco_child_start(struct bco_child *child, const char *command, struct bco_error *err);

/* Sends `length` bytes and waits at most `seconds` for one line of at most
 * `limit` bytes, which *line gets without its newline; it holds until the next
 * call. After anything but BCO_ANSWER_LINE the child is out of step: stop it. */
enum bco_answer bco_child_ask(struct bco_child *child, const char *question, size_t length, double seconds,
                              size_t limit, const struct bco_watch *watch, const char **line, size_t *line_length);

/* Closes its input, throws away what it still writes, gives it `grace` seconds to end by itself, kills its whole
 * group, and waits for it. Legal when it is not running. */
void bco_child_stop(struct bco_child *child, double grace);

#endif

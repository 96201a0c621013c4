#define _GNU_SOURCE /* pipe2 */
#include "eval/child.h"

#include "base/clock.h"
#include "base/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ---- starting and stopping ------------------------------------------------ */

/* The shell with `in` and `out` as its standard streams, signals as they are by default. */
static int spawn(pid_t *pid, const char *command, int in, int out) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)command, NULL};
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) goto actions;
    if ((error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO))) goto both;
    if ((error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO))) goto both;
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    error = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
both:
    posix_spawnattr_destroy(&attributes);
actions:
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void close_pair(int pair[2]) {
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0) close(pair[i]);
}

enum bco_code bco_child_start(struct bco_child *child, const char *command, struct bco_error *err) {
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    pid_t pid = 0;
    bco_buf_clear(&child->read);
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) goto fail;
    if (fcntl(to[1], F_SETFL, O_NONBLOCK) || fcntl(from[0], F_SETFL, O_NONBLOCK)) goto fail;
    if ((errno = spawn(&pid, command, to[0], from[1]))) goto fail;
    close(to[0]);
    close(from[1]);
    child->pid = pid;
    child->in = to[1];
    child->out = from[0];
    child->status = 0;
    child->answers = 0;
    child->left_over = false;
    return BCO_OK;
fail:
    bco_fail_errno(err, NULL, "cannot start the command");
    close_pair(to);
    close_pair(from);
    return BCO_ESYSTEM;
}

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Whether it has ended; it is not waited for yet, so that its number stays its own. */
static bool has_ended(pid_t pid) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Keeps it from waiting for us. */
static void drain(const struct bco_child *child) {
    char thrown[4096];
    while (read(child->out, thrown, sizeof thrown) > 0) continue;
}

void bco_child_stop(struct bco_child *child, double grace) {
    if (!child->pid) return;
    double end = bco_clock() + grace;
    struct pollfd fd = {.fd = child->out, .events = POLLIN};
    child->left_over = poll(&fd, 1, grace > 0 ? 2 : 0) > 0 && (fd.revents & POLLIN);
    close(child->in);
    while (!has_ended(child->pid) && bco_clock() < end) {
        drain(child);
        nap();
    }
    child->killed = !has_ended(child->pid);
    kill(-child->pid, SIGKILL); /* also what the shell left behind */
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) continue;
    close(child->out);
    child->pid = 0;
    bco_buf_free(&child->read);
}

/* ---- talking ------------------------------------------------------------------ */

/* write() to a program that has gone raises SIGPIPE: it is held back and taken
 * away again, unless somebody else's was waiting already. */
static ssize_t write_quietly(int fd, const char *bytes, size_t length) {
    sigset_t broken, before, pending;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    ssize_t written = write(fd, bytes, length);
    int error = errno;
    if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&broken, NULL, &(struct timespec){0}) < 0 && errno == EINTR) continue;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

/* Takes what is there. BCO_ANSWER_LINE: nothing wrong so far. */
static enum bco_answer take(struct bco_child *child) {
    char *to = bco_buf_reserve(&child->read, 65536);
    if (!to) return BCO_ANSWER_MEMORY;
    ssize_t got = read(child->out, to, 65536);
    if (got == 0) return BCO_ANSWER_ENDED;
    if (got < 0) return errno == EAGAIN || errno == EINTR ? BCO_ANSWER_LINE : BCO_ANSWER_ENDED;
    child->read.length += (size_t)got;
    return BCO_ANSWER_LINE;
}

/* Waits until one of the pipes is ready: milliseconds left, at most 100 at a
 * time so that a wish to stop is heard. */
static enum bco_answer wait_for(struct pollfd *fds, double end, const struct bco_watch *watch) {
    for (;;) {
        double left = end - bco_clock();
        if (watch && watch->stop && watch->stop(watch->user)) return BCO_ANSWER_STOPPED;
        if (left <= 0) return BCO_ANSWER_LATE;
        int ready = poll(fds, 2, left > 0.1 ? 100 : (int)(left * 1000) + 1);
        if (ready > 0) return BCO_ANSWER_LINE;
        if (ready < 0 && errno != EINTR) return BCO_ANSWER_MEMORY;
    }
}

/* What the child said without being asked. */
static enum bco_answer check_quiet(struct bco_child *child) {
    bco_buf_clear(&child->read);
    enum bco_answer answer = take(child);
    if (answer == BCO_ANSWER_LINE && child->read.length) return BCO_ANSWER_MORE;
    return answer;
}

/* A line has come. A judge that writes more than one shows it at once or never,
 * so its first answers are given a moment for a second line. */
static enum bco_answer check_alone(struct bco_child *child, size_t line_end) {
    struct pollfd fd = {.fd = child->out, .events = POLLIN};
    if (child->answers++ < 20 && poll(&fd, 1, 2) > 0 && take(child) == BCO_ANSWER_MEMORY) return BCO_ANSWER_MEMORY;
    return line_end + 1 < child->read.length ? BCO_ANSWER_MORE : BCO_ANSWER_LINE;
}

enum bco_answer bco_child_ask(struct bco_child *child, const char *question, size_t length, double seconds,
                              size_t limit, const struct bco_watch *watch, const char **line, size_t *line_length) {
    double end = bco_clock() + seconds;
    size_t sent = 0;
    enum bco_answer answer = check_quiet(child);
    while (answer == BCO_ANSWER_LINE) {
        struct pollfd fds[2] = {{.fd = child->out, .events = POLLIN},
                                {.fd = sent < length ? child->in : -1, .events = POLLOUT}};
        if ((answer = wait_for(fds, end, watch)) != BCO_ANSWER_LINE) break;
        if (fds[0].revents && (answer = take(child)) != BCO_ANSWER_LINE) break;
        char *newline = child->read.length ? memchr(child->read.data, '\n', child->read.length) : NULL;
        size_t have = newline ? (size_t)(newline - child->read.data) : child->read.length;
        if (have > limit) return BCO_ANSWER_LONG;
        if (newline) {
            if (sent == length) answer = check_alone(child, have);
            *line = child->read.data;
            *line_length = have;
            child->read.data[have] = '\0';
            return sent < length ? BCO_ANSWER_MORE : answer;
        }
        if (!fds[1].revents) continue;
        ssize_t written = write_quietly(child->in, question + sent, length - sent);
        if (written < 0 && errno != EAGAIN && errno != EINTR) answer = BCO_ANSWER_ENDED;
        if (written > 0) sent += (size_t)written;
    }
    return answer;
}

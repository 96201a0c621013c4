#include "common/parts.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked, line_shown;

/* One progress line for the process: a phase begins where the unit or the total changes. */
static struct {
    const char *unit;
    uint64_t total, first;
    double since, shown;
} phase;

double cli_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Also called by the signal handlers: nothing but write. */
void cli_wipe(void) {
    static const char wipe[] = "\r\033[K";
    if (!line_shown) return;
    line_shown = 0;
    if (write(STDERR_FILENO, wipe, sizeof wipe - 1) < 0) return;
}

static void format_time(char *text, size_t size, double seconds) {
    uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 1000000000;
    if (s >= 3600)
        snprintf(text, size, "%" PRIu64 " h %02d min", s / 3600, (int)(s / 60 % 60));
    else if (s >= 60)
        snprintf(text, size, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    else
        snprintf(text, size, "%d s", (int)s);
}

static void print_progress(const struct cli *cli, uint64_t done, double now) {
    char left[40] = "", of[32] = "";
    double elapsed = now - phase.since, rate = elapsed > 0 ? (double)(done - phase.first) / elapsed : 0;
    if (phase.total) snprintf(of, sizeof of, "/%" PRIu64, phase.total);
    if (phase.total >= done && rate > 0) format_time(left, sizeof left, (double)(phase.total - done) / rate);
    fprintf(stderr, "\r%s: %" PRIu64 "%s %s, %.*f/s%s%s\033[K", cli->tool->name, done, of, phase.unit,
            rate < 10 ? 1 : 0, rate, left[0] ? ", left: " : "", left);
    line_shown = 1;
}

static void on_progress(void *user, uint64_t done, uint64_t total, const char *unit) {
    double now = cli_clock();
    if (!phase.unit || strcmp(phase.unit, unit) != 0 || phase.total != total || done < phase.first) {
        phase.unit = unit;
        phase.total = total;
        phase.first = done;
        phase.since = now;
        phase.shown = 0;
    }
    /* Nothing in the first second: short runs leave the terminal alone. */
    if (now - phase.since < 1 || now - phase.shown < 0.1) return;
    phase.shown = now;
    print_progress(user, done, now);
}

static void on_warn(void *user, const char *message) {
    cli_warn(user, "%s", message);
}

static bool on_stop(void *user) {
    (void)user;
    return stop_asked != 0;
}

static void die(int number) {
    bco_remove_temporary_files(); /* made for handlers; NOLINT(bugprone-signal-handler) */
    cli_wipe();
    signal(number, SIG_DFL);
    raise(number);
}

static void ask_to_stop(int number) {
    if (stop_asked) die(number);
    stop_asked = number;
}

void cli_die_if_asked(void) {
    if (stop_asked) die(stop_asked);
}

/* What the caller ignores (nohup, a shell's background job) stays ignored. */
static void handle(int number, void (*handler)(int)) {
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(number, &action, NULL);
}

void cli_watch_start(struct cli *cli, bool save_on_signal) {
    const char *terminal = getenv("TERM");
    bool line = !cli->quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    cli->watch = (struct bco_watch){.progress = line ? on_progress : NULL, .warn = on_warn, .user = cli};
    if (save_on_signal) cli->watch.stop = on_stop;
    void (*handler)(int) = save_on_signal ? ask_to_stop : die;
    handle(SIGINT, handler);
    handle(SIGTERM, handler);
    handle(SIGHUP, handler);
    signal(SIGPIPE, die);
}

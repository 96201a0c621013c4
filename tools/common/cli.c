#define _GNU_SOURCE /* getopt_long, sched_getaffinity */
#include "common/cli.h"

#include "common/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMON_MAX = 8, LONG_BASE = 1000 };

/* Arguments and lists point into this one block, which lives as long as the process. */
static const char **words;

/* The options of one run: the tool's, then those of all tools. */
struct table {
    const struct cli_tool *tool;
    struct cli_option common[COMMON_MAX];
    size_t common_count;
    bool help, version;
    uint64_t threads;
    struct option *longs;
    char *letters;
};

/* ---- messages ------------------------------------------------------------- */

static void print_message(const struct cli *cli, const char *format, va_list args) {
    cli_wipe();
    fprintf(stderr, "%s: ", cli->tool->name);
    vfprintf(stderr, format, args);
}

int cli_usage(const struct cli *cli, const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_message(cli, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: %s %s ('%s --help' tells more)\n", cli->tool->name, cli->tool->usage, cli->tool->name);
    return BCO_EUSAGE;
}

void cli_warn(const struct cli *cli, const char *format, ...) {
    va_list args;
    if (cli->quiet) return;
    va_start(args, format);
    print_message(cli, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void cli_summary(const struct cli *cli, const char *format, ...) {
    va_list args;
    if (cli->quiet) return;
    va_start(args, format);
    print_message(cli, format, args);
    va_end(args);
    fprintf(stderr, ", %.2f s\n", cli_clock() - cli->started);
}

/* ---- values --------------------------------------------------------------- */

static bool out_of_bounds(const struct cli_option *option, double x) {
    if (option->min == 0 && option->max == 0) return false;
    return x < option->min || (option->max > option->min && x > option->max);
}

static int bounds_error(const struct cli *cli, const struct cli_option *option, const char *text) {
    if (option->max > option->min && isfinite(option->max))
        return cli_usage(cli, "--%s: out of range, got '%s', expected %.15g to %.15g", option->name, text, option->min,
                         option->max);
    return cli_usage(cli, "--%s: out of range, got '%s', expected %.15g or more", option->name, text, option->min);
}

/* Digits and at most one of K, M, G (powers of 1024). */
static bool parse_count(const char *text, uint64_t *value) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno) return false;
    unsigned shift = 0;
    if (*end == 'K' || *end == 'k') shift = 10;
    if (*end == 'M' || *end == 'm') shift = 20;
    if (*end == 'G' || *end == 'g') shift = 30;
    if (shift) end++;
    *value = (uint64_t)number << shift;
    return *end == '\0' && *value >> shift == number;
}

static int set_count(const struct cli *cli, const struct cli_option *option, const char *text) {
    uint64_t value;
    if (!parse_count(text, &value))
        return cli_usage(cli, "--%s: not a count, got '%s', expected a whole number (K, M, G are known)", option->name,
                         text);
    if (out_of_bounds(option, (double)value)) return bounds_error(cli, option, text);
    *(uint64_t *)option->value = value;
    return -1;
}

static int set_real(const struct cli *cli, const struct cli_option *option, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (!*text || *end || text[strspn(text, "+-.0123456789eE")] || !isfinite(value))
        return cli_usage(cli, "--%s: not a finite number, got '%s'", option->name, text);
    if (out_of_bounds(option, value)) return bounds_error(cli, option, text);
    *(double *)option->value = value;
    return -1;
}

static int set_choice(const struct cli *cli, const struct cli_option *option, const char *text) {
    const char *choice = option->choices;
    size_t given = strlen(text);
    for (int index = 0;; index++) {
        size_t length = strcspn(choice, "|");
        if (length == given && memcmp(choice, text, length) == 0) {
            *(int *)option->value = index;
            return -1;
        }
        if (!choice[length]) break;
        choice += length + 1;
    }
    return cli_usage(cli, "--%s: unknown word, got '%s', expected %s", option->name, text, option->choices);
}

static void add_to_list(struct cli_list *list, const char *text) {
    list->items[list->count++] = text;
}

static int set_option(const struct cli *cli, const struct cli_option *option, const char *text) {
    if (option->given) *option->given = true;
    switch (option->kind) {
    case CLI_FLAG: *(bool *)option->value = true; return -1;
    case CLI_UNFLAG: *(bool *)option->value = false; return -1;
    case CLI_TEXT: *(const char **)option->value = text; return -1;
    case CLI_LIST: add_to_list(option->value, text); return -1;
    case CLI_COUNT: return set_count(cli, option, text);
    case CLI_REAL: return set_real(cli, option, text);
    case CLI_CHOICE: return set_choice(cli, option, text);
    }
    return -1;
}

/* ---- the table ------------------------------------------------------------ */

static void add_common(struct table *t, const char *name, char letter, enum cli_kind kind, void *value,
                       const char *argument, const char *help) {
    t->common[t->common_count++] = (struct cli_option){
        .name = name, .letter = letter, .kind = kind, .value = value, .argument = argument, .help = help};
}

static void fill_common(struct table *t, struct cli *cli) {
    add_common(t, "output", 'o', CLI_TEXT, &cli->output, "FILE",
               "write there instead of to standard output; it appears whole or not at all; .zst and .gz compress");
    add_common(t, "rejects", 0, CLI_TEXT, &cli->rejects, "FILE",
               "bad records go there with their reasons, and the run goes on");
    add_common(t, "threads", 'j', CLI_COUNT, &t->threads, "N", "threads [all the cores this process may use]");
    t->common[t->common_count - 1].min = 1;
    t->common[t->common_count - 1].max = 4096;
    add_common(t, "quiet", 'q', CLI_FLAG, &cli->quiet, NULL, "no progress, no warnings, no summary");
    add_common(t, "verbose", 'v', CLI_FLAG, &cli->verbose, NULL, "more of both");
    add_common(t, "help", 'h', CLI_FLAG, &t->help, NULL, "this text");
    add_common(t, "version", 'V', CLI_FLAG, &t->version, NULL, "versions of the tool and of its libraries");
}

/* Number i of the tool's options and then the common ones. */
static const struct cli_option *option_at(const struct table *t, size_t i) {
    return i < t->tool->count ? &t->tool->options[i] : &t->common[i - t->tool->count];
}

static size_t option_count(const struct table *t) {
    return t->tool->count + t->common_count;
}

static bool is_list(const struct cli_option *option) {
    return option->name && option->kind == CLI_LIST;
}

static bool takes_argument(const struct cli_option *option) {
    return option->kind != CLI_FLAG && option->kind != CLI_UNFLAG;
}

/* The first option with this name, or (name NULL) this letter; a tool's own hides a common one. */
static const struct cli_option *find_option(const struct table *t, const char *name, int letter) {
    for (size_t i = 0; i < option_count(t); i++) {
        const struct cli_option *option = option_at(t, i);
        if (!option->name) continue;
        if (name ? strcmp(option->name, name) == 0 : option->letter == letter) return option;
    }
    return NULL;
}

/* For getopt_long: a leading `-` makes it give the arguments in place, whatever
 * POSIXLY_CORRECT says; `:` makes it silent and tells a missing argument apart. */
static bool make_getopt_table(struct table *t) {
    size_t n = option_count(t), longs = 0;
    t->longs = calloc(n + 1, sizeof *t->longs);
    t->letters = calloc(2 * n + 3, 1);
    if (!t->longs || !t->letters) return false;
    char *letter = t->letters;
    *letter++ = '-';
    *letter++ = ':';
    for (size_t i = 0; i < n; i++) {
        const struct cli_option *option = option_at(t, i);
        if (!option->name || find_option(t, option->name, 0) != option) continue;
        t->longs[longs++] = (struct option){option->name, takes_argument(option), NULL, LONG_BASE + (int)i};
        if (!option->letter || find_option(t, NULL, option->letter) != option) continue;
        *letter++ = option->letter;
        if (takes_argument(option)) *letter++ = ':';
    }
    return true;
}

/* ---- parsing -------------------------------------------------------------- */

/* getopt_long takes unique beginnings of names; scripts that use them break when an option is added. */
static bool is_abbreviated(const struct cli_option *option, char **argv) {
    const char *typed = argv[optind - 1];
    if (takes_argument(option) && optarg == typed) typed = argv[optind - 2];
    return strcspn(typed + 2, "=") != strlen(option->name);
}

static int unknown_option(const struct cli *cli, char **argv) {
    if (optopt && optopt < LONG_BASE) return cli_usage(cli, "unknown option '-%c'", optopt);
    const char *typed = argv[optind - 1];
    int length = (int)strcspn(typed, "=");
    if (optopt) return cli_usage(cli, "%.*s takes no argument, got '%s'", length, typed, typed + length + 1);
    return cli_usage(cli, "unknown option '%.*s'", length, typed);
}

static int take_option(struct cli *cli, struct table *t, int found, char **argv) {
    const struct cli_option *option = NULL;
    if (found == '?') return unknown_option(cli, argv);
    int value = found == ':' ? optopt : found;
    option = value >= LONG_BASE ? option_at(t, (size_t)(value - LONG_BASE)) : find_option(t, NULL, value);
    if (value >= LONG_BASE && found != ':' && is_abbreviated(option, argv)) {
        optopt = 0;
        if (takes_argument(option) && optarg == argv[optind - 1]) optind--;
        return unknown_option(cli, argv);
    }
    if (found == ':')
        return cli_usage(cli, "--%s: its argument is missing, expected %s", option->name,
                         option->argument ? option->argument : option->choices);
    return set_option(cli, option, optarg);
}

static int take_all(struct cli *cli, struct table *t, int argc, char **argv, const char **arguments) {
    int found, code = -1;
    optind = 1;
    opterr = 0;
    while (code < 0 && (found = getopt_long(argc, argv, t->letters, t->longs, NULL)) != -1) {
        if (found == 1)
            arguments[cli->argument_count++] = optarg;
        else
            code = take_option(cli, t, found, argv);
    }
    while (code < 0 && optind < argc) arguments[cli->argument_count++] = argv[optind++];
    return code;
}

static int set_threads(struct cli *cli, const struct table *t) {
    const char *text = getenv("BCO_THREADS");
    cpu_set_t set;
    uint64_t threads = t->threads;
    if (!threads && text && *text && (!parse_count(text, &threads) || threads < 1 || threads > 4096))
        return cli_usage(cli, "BCO_THREADS: not a number of threads, got '%s', expected 1 to 4096", text);
    if (!threads && sched_getaffinity(0, sizeof set, &set) == 0) threads = (uint64_t)CPU_COUNT(&set);
    cli->threads = threads ? (int)threads : 1;
    return -1;
}

/* A file opened later must not become standard output by being the first free
 * number; what is written to a closed one still fails. */
static void hold_standard_streams(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd) return;
}

static int print_and_leave(struct cli *cli, const struct table *t) {
    if (t->help)
        cli_print_help(cli->tool, t->common, t->common_count);
    else
        cli_print_version(cli->tool);
    return cli_finish(cli, BCO_OK, NULL);
}

/* A run of argc words holds at most argc arguments, and as many values of each list. */
static bool make_room(struct cli *cli, size_t argc) {
    size_t lists = 0;
    for (size_t i = 0; i < cli->tool->count; i++) lists += is_list(&cli->tool->options[i]);
    words = calloc((lists + 1) * argc + 1, sizeof *words);
    if (!words) return false;
    cli->arguments = words;
    const char **free_words = words + argc;
    for (size_t i = 0; i < cli->tool->count; i++) {
        if (!is_list(&cli->tool->options[i])) continue;
        *(struct cli_list *)cli->tool->options[i].value = (struct cli_list){free_words, 0};
        free_words += argc;
    }
    return true;
}

/* OpenMP's threads spin while they wait for each other. Where the cores have other work too, they then wait for a
 * thread that is not running: the demo's 3 s of training took 145 s on two cores at a load of 10. A short spin costs
 * nothing there and keeps the speed of an idle machine. libgomp reads how long before main() begins, so the tool
 * starts itself once more. What the caller has set stays. */
static void spin_shortly(char **argv) {
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    if (setenv("GOMP_SPINCOUNT", "1000", 0) == 0) execv("/proc/self/exe", argv);
}

int cli_parse(struct cli *cli, const struct cli_tool *tool, int argc, char **argv, bool save_on_signal) {
    struct table table = {.tool = tool};
    int code = BCO_ESYSTEM;
    if (tool->computes) spin_shortly(argv);
    *cli = (struct cli){.tool = tool, .threads = 1, .started = cli_clock()};
    hold_standard_streams();
    fill_common(&table, cli);
    if (!make_room(cli, (size_t)argc) || !make_getopt_table(&table))
        fprintf(stderr, "%s: out of memory\n", tool->name);
    else
        code = take_all(cli, &table, argc, argv, words);
    free(table.longs);
    free(table.letters);
    if (code < 0 && (table.help || table.version)) return print_and_leave(cli, &table);
    if (code < 0) code = set_threads(cli, &table);
    if (code < 0 && cli->output && cli->rejects && cli_same_file(cli->output, cli->rejects))
        code = cli_usage(cli, "'%s' for both --output and --rejects", cli->rejects);
    cli_watch_start(cli, save_on_signal);
    return code;
}

/* ---- the way out ---------------------------------------------------------- */

/* Nothing written to a closed standard output is no error. */
static bool close_stdout(void) {
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0) failed = true;
    int reason = errno;
    if (fclose(stdout) != 0 && errno != EBADF) failed = true, reason = errno;
    errno = reason;
    return !failed;
}

int cli_finish(struct cli *cli, enum bco_code code, const struct bco_error *err) {
    char text[BCO_ERROR_FILE_SIZE + BCO_ERROR_FIELD_SIZE + BCO_ERROR_MESSAGE_SIZE + 64];
    cli_wipe();
    if (code != BCO_OK) {
        bco_error_format(err, text, sizeof text);
        fprintf(stderr, "%s: %s\n", cli->tool->name, text[0] ? text : "failed");
    }
    if (!close_stdout() && code == BCO_OK) {
        fprintf(stderr, "%s: -: cannot write: %s\n", cli->tool->name, strerror(errno ? errno : EIO));
        code = BCO_ESYSTEM;
    }
    free(words);
    words = NULL;
    cli->arguments = NULL;
    cli->argument_count = 0;
    return (int)code;
}

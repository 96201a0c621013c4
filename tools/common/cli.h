/* What all the tools share: one table of options from which getopt_long and
 * --help are made, messages, the progress line, signals, the way out. */
#ifndef TOOLS_COMMON_CLI_H
#define TOOLS_COMMON_CLI_H

#include <bco/bco.h>

enum cli_kind {
    CLI_FLAG,   /* bool: set to true */
    CLI_UNFLAG, /* bool: set to false (--no-bos) */
    CLI_TEXT,   /* const char * */
    CLI_LIST,   /* struct cli_list: repeatable */
    CLI_COUNT,  /* uint64_t: a whole number; K, M, G multiply by 1024, 1024^2, 1024^3; checked against min and max */
    CLI_REAL,   /* double: finite; checked against min and max */
    CLI_CHOICE, /* int: the index in `choices`, words with | between */
};

struct cli_list {
    const char **items;
    size_t count;
};

struct cli_option {
    const char *name; /* long name without its dashes; NULL: a heading in --help, its words in `help` */
    char letter;      /* 0: none */
    enum cli_kind kind;
    void *value;          /* what `kind` says; its value before parsing is the default */
    const char *argument; /* N, X, FILE, FIELD; NULL for flags */
    const char *help;     /* one line, or more with \n; the default is written here, in brackets */
    const char *choices;  /* CLI_CHOICE only */
    double min, max;      /* CLI_COUNT, CLI_REAL: both 0: no bounds (CLI_COUNT: from 0); max <= min: no upper one */
    bool *given;          /* NULL, or set to true when the option was there */
};

/* A tool: `usage` is what follows its name ("[options] [FILE...]"), `about` one sentence. */
struct cli_tool {
    const char *name;
    const char *usage;
    const char *about;
    const struct cli_option *options; /* `count` of them; -h -V -q -v are added to every tool */
    size_t count;
    bool computes; /* it runs OpenMP threads for long: without work they soon sleep instead of spinning */
};

/* What every tool knows after parsing. */
struct cli {
    const struct cli_tool *tool;
    bool quiet, verbose;
    int threads;         /* -j; BCO_THREADS; else the cores this process may use. Tools without threads accept -j too */
    const char *output;  /* -o; NULL: standard output */
    const char *rejects; /* --rejects; NULL: none */
    const char *const *arguments; /* what is not an option */
    size_t argument_count;
    double started;         /* clock, for the summary */
    struct bco_watch watch; /* progress line, warnings, stop on SIGINT and SIGTERM: to be handed to the library */
};

/* A tool's option with the name or letter of a common one (`output`, 'o')
 * replaces that. Names are exact: no abbreviations.
 *
 * Parses. Returns -1 to go on, else the exit code to leave with at once: 0 after
 * --help or --version, 2 after a usage error, which has been printed. `save_on_signal`:
 * SIGINT and SIGTERM make watch.stop true (bco-train); otherwise they kill, after
 * temporary files were removed. The common options -j -o --rejects are accepted by every tool.
 * After -1 the tool ends with cli_finish; arguments and lists hold until then. */
int cli_parse(struct cli *cli, const struct cli_tool *tool, int argc, char **argv, bool save_on_signal);

/* A usage error of the tool's own: prints `tool: message` and a hint at --help; returns 2. */
int cli_usage(const struct cli *cli, const char *format, ...) BCO_PRINTF(2, 3);

/* `tool: message` on stderr, the progress line wiped first. Silent under -q for warn and summary. */
void cli_warn(const struct cli *cli, const char *format, ...) BCO_PRINTF(2, 3);
void cli_summary(const struct cli *cli, const char *format, ...) BCO_PRINTF(2, 3); /* adds ", 0.05 s" */

/* Do two paths mean one file, there already or not? No device or pipe is: those may be written twice. */
bool cli_same_file(const char *a, const char *b);

/* The way out: prints err as `tool: file:line: field 'x': ...` where code is not
 * BCO_OK, closes standard output and checks that (full disk: 3), returns the exit code. */
int cli_finish(struct cli *cli, enum bco_code code, const struct bco_error *err);

/* Dies of the signal that made watch.stop true, if one did: for filters that
 * must clear up outside their own process before they go. */
void cli_die_if_asked(void);

#endif

#include "common/filter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t copy_options(struct cli_option *to, const struct cli_option *from, size_t size) {
    memcpy(to, from, size);
    return size / sizeof *from;
}

size_t filter_reading_options(struct filter *f, struct cli_option *to) {
    const struct cli_option options[] = {
        {"format", 0, CLI_CHOICE, &f->format, "FORMAT",
         "auto, csv, tsv, json or jsonl [auto: by the name, else by the first byte]", "auto|csv|tsv|json|jsonl", 0, 0,
         NULL},
        {"delimiter", 0, CLI_TEXT, &f->delimiter, "C", "what stands between the fields of CSV [a comma]", NULL, 0, 0,
         NULL},
    };
    return copy_options(to, options, sizeof options);
}

size_t filter_rule_options(struct filter *f, struct cli_option *to) {
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "Text rules", NULL, 0, 0, NULL},
        {"keep", 0, CLI_LIST, &f->keep, "FIELD~RE", "only records whose FIELD matches; repeatable", NULL, 0, 0, NULL},
        {"reject", 0, CLI_LIST, &f->reject, "FIELD~RE", "not those whose FIELD matches; repeatable", NULL, 0, 0, NULL},
        {"strip", 0, CLI_FLAG, &f->strip, NULL, "outer blanks off prompt and completion", NULL, 0, 0, NULL},
        {"min-chars", 0, CLI_COUNT, &f->min_chars, "N", "of the completion, in code points", NULL, 0, 0, NULL},
        {"max-chars", 0, CLI_COUNT, &f->max_chars, "N", "of the completion, in code points", NULL, 1, 0, NULL},
    };
    return copy_options(to, options, sizeof options);
}

size_t filter_duplicate_options(struct filter *f, struct cli_option *to) {
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "Duplicates", NULL, 0, 0, NULL},
        {"duplicates", 0, CLI_CHOICE, &f->duplicates, "WHAT",
         "same prompt, completion and label: keep, or drop all but the first [drop]", "drop|keep", 0, 0, NULL},
        {"conflicts", 0, CLI_CHOICE, &f->conflicts, "WHAT",
         "same prompt and completion, both labels: keep, drop, majority or error [keep]", "keep|drop|majority|error", 0,
         0, NULL},
    };
    return copy_options(to, options, sizeof options);
}

size_t filter_balance_options(struct filter *f, struct cli_option *to) {
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "Balance", NULL, 0, 0, NULL},
        {"balance", 0, CLI_CHOICE, &f->balance, "METHOD", "oversample, undersample, weight or none [oversample]",
         "oversample|undersample|weight|none", 0, 0, NULL},
        {"seed", 0, CLI_COUNT, &f->seed, "N", "of the copies or the selection [0]", NULL, 0, 0, NULL},
    };
    return copy_options(to, options, sizeof options);
}

int filter_check(const struct filter *f) {
    const char *c = f->delimiter;
    if (!c) return -1;
    if (strlen(c) != 1 || strchr("\"\r\n", *c))
        return cli_usage(&f->cli, "--delimiter: got '%s', expected one byte that is no quote and no line end", c);
    if (f->format != BCO_FORMAT_AUTO && f->format != BCO_FORMAT_CSV)
        return cli_usage(&f->cli, "--delimiter: only CSV has one");
    return -1;
}

static const char *temporary_folder(void) {
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

void filter_options(const struct filter *f, struct bco_filter_options *options) {
    options->keep = f->keep.items;
    options->keep_count = f->keep.count;
    options->reject = f->reject.items;
    options->reject_count = f->reject.count;
    options->strip = f->strip;
    options->min_chars = f->min_chars;
    options->max_chars = f->max_chars;
    options->duplicates = (enum bco_duplicates)f->duplicates;
    options->conflicts = (enum bco_conflicts)f->conflicts;
    options->balance = (enum bco_balance)f->balance;
    options->seed = f->seed;
    options->folder = temporary_folder();
    options->threads = f->cli.threads;
}

enum bco_code filter_open_inputs(struct filter *f, struct bco_error *err) {
    struct bco_reader_options reading = {.format = (enum bco_format)f->format};
    if (f->delimiter) reading.delimiter = f->delimiter[0];
    enum bco_code code = bco_reader_open(&f->reader, f->cli.arguments, f->cli.argument_count, &reading, err);
    return code == BCO_OK && f->cli.rejects ? bco_writer_open(&f->rejects, f->cli.rejects, err) : code;
}

enum bco_code filter_open(struct filter *f, struct bco_error *err) {
    enum bco_code code = filter_open_inputs(f, err);
    return code == BCO_OK ? bco_writer_open(&f->out, f->cli.output, err) : code;
}

enum bco_code filter_close(struct filter *f, enum bco_code code, struct bco_error *err) {
    bco_reader_close(f->reader);
    if (code == BCO_OK || code == BCO_EDATA) {
        struct bco_error ignored;
        enum bco_code closed = f->rejects ? bco_writer_close(f->rejects, code == BCO_OK ? err : &ignored) : BCO_OK;
        if (code == BCO_OK) code = closed;
    } else {
        bco_writer_discard(f->rejects);
    }
    if (!f->out) return code;
    if (code == BCO_OK) return bco_writer_close(f->out, err);
    bco_writer_discard(f->out);
    return code;
}

/* The summary grows by parts: a rule may be as long as a command line. */
struct summary {
    char *text;
    size_t length;
};

static void add_text(struct summary *summary, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int more = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *grown = more < 0 ? NULL : realloc(summary->text, summary->length + (size_t)more + 1);
    if (!grown) return;
    summary->text = grown;
    va_start(args, format);
    vsnprintf(grown + summary->length, (size_t)more + 1, format, args);
    va_end(args);
    summary->length += (size_t)more;
}

static void add_count(struct summary *summary, uint64_t n, const char *what) {
    if (n) add_text(summary, ", %" PRIu64 " %s", n, what);
}

static void add_rules(struct summary *summary, const struct filter *f, const uint64_t *by_rule) {
    size_t keep = f->keep.count;
    for (size_t i = 0; i < keep + f->reject.count; i++)
        if (by_rule[i])
            add_text(summary, ", %" PRIu64 " by rule '%s' dropped", by_rule[i],
                     i < keep ? f->keep.items[i] : f->reject.items[i - keep]);
    add_count(summary, by_rule[BCO_RULE_MIN_CHARS], "by rule 'min-chars' dropped");
    add_count(summary, by_rule[BCO_RULE_MAX_CHARS], "by rule 'max-chars' dropped");
}

void filter_summary_parts(const struct filter *f, const char *start, const uint64_t *by_rule,
                          const struct filter_part *parts, size_t count) {
    struct summary summary = {0};
    add_text(&summary, "%s", start);
    add_rules(&summary, f, by_rule);
    for (size_t i = 0; i < count; i++) add_count(&summary, parts[i].n, parts[i].what);
    cli_summary(&f->cli, "%s", summary.text ? summary.text : start);
    free(summary.text);
}

void filter_summary(const struct filter *f, const struct bco_filter_counts *c) {
    char start[160], conflicts[64] = "conflicts dropped";
    if (c->even) snprintf(conflicts, sizeof conflicts, "conflicts dropped (%" PRIu64 " of even splits)", c->even);
    const struct filter_part parts[] = {{c->ties, "ties dropped"},
                                        {c->by_rating, "by rating dropped"},
                                        {c->not_contrasted, "not contrasted dropped"},
                                        {c->conflicts, conflicts},
                                        {c->duplicates, "duplicates dropped"},
                                        {c->by_balance, "by balance dropped"},
                                        {c->split, "second completions added"},
                                        {c->added, "copies added"}};
    snprintf(start, sizeof start,
             "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " up, %" PRIu64 " down), %" PRIu64 " rejected", c->in, c->out,
             c->up, c->down, c->rejected);
    filter_summary_parts(f, start, c->by_rule, parts, sizeof parts / sizeof *parts);
}

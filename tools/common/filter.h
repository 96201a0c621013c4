/* What the record filters share: the options of reading, duplicates and
 * balance, opening and closing, and the summary's account. */
#ifndef TOOLS_COMMON_FILTER_H
#define TOOLS_COMMON_FILTER_H

#include "common/cli.h"

#include <bco/filter.h>

struct filter {
    struct cli cli;
    const char *delimiter;
    int format, duplicates, conflicts, balance; /* choices, in the order of the library's enums */
    struct cli_list keep, reject;
    bool strip;
    uint64_t min_chars, max_chars;
    uint64_t seed;
    struct bco_reader *reader;
    struct bco_writer *out, *rejects;
};

/* Options of one group, for struct cli_option's table: copied to `to`, returns how many (at most 8). */
size_t filter_reading_options(struct filter *filter, struct cli_option *to);
size_t filter_rule_options(struct filter *filter, struct cli_option *to);
size_t filter_duplicate_options(struct filter *filter, struct cli_option *to);
size_t filter_balance_options(struct filter *filter, struct cli_option *to);

/* Checks what the parser could not. -1 to go on, else the exit code; the message has been printed. */
int filter_check(const struct filter *filter);

/* What was said on the command line, for the library. */
void filter_options(const struct filter *filter, struct bco_filter_options *options);

/* Opens the inputs and the rejects; filter_open the output too. */
enum bco_code filter_open_inputs(struct filter *filter, struct bco_error *err);
enum bco_code filter_open(struct filter *filter, struct bco_error *err);

/* Closes what is open: on errors the output is left out, and the rejects stay where the data were wrong. */
enum bco_code filter_close(struct filter *filter, enum bco_code code, struct bco_error *err);

/* A part of a summary line: ", N WHAT", where N is not 0. */
struct filter_part {
    uint64_t n;
    const char *what;
};

/* `start`, what the text rules left out, and the `count` parts. */
void filter_summary_parts(const struct filter *filter, const char *start, const uint64_t *by_rule,
                          const struct filter_part *parts, size_t count);

/* The summary line of a filter that makes binary records. */
void filter_summary(const struct filter *filter, const struct bco_filter_counts *counts);

#endif

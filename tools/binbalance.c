/* binbalance: binary records in, balanced binary records out. */
#include "common/filter.h"

#include <bco/balance.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct filter filter;
    const char *ratio, *by;
    struct cli_list counts;
    uint64_t part; /* 1-based; 0: not given */
    struct bco_filter_options options;
};

static int check(struct settings *s) {
    const struct cli *cli = &s->filter.cli;
    int done = filter_check(&s->filter);
    if (done >= 0) return done;
    if (s->ratio && !bco_ratio_parse(s->ratio, &s->options.ratio))
        return cli_usage(cli, "--ratio: got '%s', expected UP:DOWN, two numbers above 0", s->ratio);
    if (s->by && s->counts.count) return cli_usage(cli, "--by and --counts: the counts have no groups");
    if (s->part > s->counts.count)
        return cli_usage(cli, "--part: got %ju, expected one of the %zu that --counts tell of", (uintmax_t)s->part,
                         s->counts.count);
    if (s->counts.count > 1 && !s->part) return cli_usage(cli, "--counts: several need --part, which tells this one");
    return -1;
}

static enum bco_code read_counts(struct settings *s, struct bco_error *err) {
    if (s->part) return bco_balance_part(&s->options, s->counts.items, s->counts.count, s->part - 1, err);
    if (!s->counts.count) return BCO_OK;
    return bco_balance_counts(s->counts.items[0], &s->options.given_up, &s->options.given_down, err);
}

int main(int argc, char **argv) {
    struct settings s = {0};
    struct filter *f = &s.filter;
    struct bco_filter_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option table[24] = {
        {"method", 0, CLI_CHOICE, &f->balance, "METHOD", "oversample, undersample, weight or none [oversample]",
         "oversample|undersample|weight|none", 0, 0, NULL},
        {"ratio", 0, CLI_TEXT, &s.ratio, "UP:DOWN", "what comes out [1:1]", NULL, 0, 0, NULL},
        {"seed", 0, CLI_COUNT, &f->seed, "N", "of the copies or the selection [0]", NULL, 0, 0, NULL},
        {"by", 0, CLI_TEXT, &s.by, "FIELD", "balance inside each value of FIELD", NULL, 0, 0, NULL},
        {"counts", 0, CLI_LIST, &s.counts, "FILE",
         "balance by the counts in FILE (of `binstat --json`), for parts of one data set; repeatable", NULL, 0, 0,
         NULL},
        {"part", 0, CLI_COUNT, &s.part, "N", "the input is the N-th of the parts that the --counts tell of", NULL, 1, 0,
         NULL},
    };
    size_t count = 6 + filter_reading_options(f, table + 6);
    count += filter_rule_options(f, table + count);
    const struct cli_tool tool = {.name = "binbalance",
                                  .usage = "[options] [FILE...]",
                                  .about = "Balances binary records.",
                                  .options = table,
                                  .count = count};
    int done = cli_parse(&f->cli, &tool, argc, argv, false);
    if (done < 0) done = check(&s);
    if (done >= 0) return done;
    filter_options(f, &s.options);
    s.options.balance_option = "--method";
    enum bco_code code = read_counts(&s, &err);
    if (code == BCO_OK) code = filter_open(f, &err);
    if (code == BCO_OK)
        code = bco_balance_run(&s.options, s.by, f->reader, f->out, f->rejects, &counts, &f->cli.watch, &err);
    code = filter_close(f, code, &err);
    if (code == BCO_OK) filter_summary(f, &counts);
    return cli_finish(&f->cli, code, &err);
}

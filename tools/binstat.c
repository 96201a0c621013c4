/* binstat: records in, their figures out, for people or machines; a gate for cron. */
#include "common/filter.h"

#include <bco/stat.h>

struct settings {
    struct filter filter;
    bool json, histogram;
    struct cli_list require;
};

static enum bco_code check_all(const struct settings *s, const struct bco_stat *stat, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; i < s->require.count && code == BCO_OK; i++)
        code = bco_stat_require(stat, s->require.items[i], err);
    return code;
}

/* The figures are written whether the gates hold or not. */
static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct filter *f = &s->filter;
    struct bco_stat stat = {0};
    enum bco_code code = check_all(s, NULL, err);
    if (code == BCO_OK) code = filter_open(f, err);
    if (code == BCO_OK) code = bco_stat_run(f->reader, f->rejects, &stat, &f->cli.watch, err);
    if (code == BCO_OK)
        code =
            s->json ? bco_stat_write_json(&stat, f->out, err) : bco_stat_write_table(&stat, s->histogram, f->out, err);
    code = filter_close(f, code, err);
    if (code == BCO_OK && stat.rejected) cli_warn(&f->cli, "%llu records rejected", (unsigned long long)stat.rejected);
    return code == BCO_OK ? check_all(s, &stat, err) : code;
}

int main(int argc, char **argv) {
    struct settings s = {0};
    struct cli *cli = &s.filter.cli;
    struct bco_error err = {0};
    struct cli_option table[8] = {
        {"json", 0, CLI_FLAG, &s.json, NULL, "one object instead of a table", NULL, 0, 0, NULL},
        {"histogram", 0, CLI_FLAG, &s.histogram, NULL, "the lengths as bars, behind the table", NULL, 0, 0, NULL},
        {"require", 0, CLI_LIST, &s.require, "EXPR",
         "exit 1 unless it holds: 'records>=1000 and up_share>0.2'; repeatable", NULL, 0, 0, NULL},
    };
    const struct cli_tool tool = {.name = "binstat",
                                  .usage = "[options] [FILE...]",
                                  .about = "Counts records, their balance, lengths, duplicates and conflicts.",
                                  .options = table,
                                  .count = 3 + filter_reading_options(&s.filter, table + 3)};
    int done = cli_parse(cli, &tool, argc, argv, false);
    if (done < 0) done = filter_check(&s.filter);
    if (done < 0 && s.json && s.histogram) done = cli_usage(cli, "--histogram is for the table, not for --json");
    if (done >= 0) return done;
    return cli_finish(cli, run(&s, &err), &err);
}

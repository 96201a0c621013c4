/* bco-judge: two sets of completions in, verdicts out. */
#include "common/cli.h"

#include <bco/judge.h>

#include <inttypes.h>
#include <stdio.h>

struct settings {
    struct cli cli;
    struct bco_judge_options judge;
    uint64_t max_line;
    bool both_orders;
};

static void summarize(const struct settings *s, const struct bco_match *pairs, const struct bco_judge_counts *c) {
    char flips[64] = "";
    uint64_t failed = c->late + c->ended + c->too_long + c->unasked + c->rubbish;
    if (failed)
        cli_warn(&s->cli,
                 "failed answers: %" PRIu64 " late, %" PRIu64 " ended, %" PRIu64 " too long, %" PRIu64
                 " with lines not asked for, %" PRIu64 " no verdict",
                 c->late, c->ended, c->too_long, c->unasked, c->rubbish);
    if (!s->judge.one_order) snprintf(flips, sizeof flips, ", %" PRIu64 " of %" PRIu64 " flips", c->flips, c->pairs);
    cli_summary(&s->cli,
                "%zu pairs in, %" PRIu64 " verdicts out (%" PRIu64 " a, %" PRIu64 " b, %" PRIu64 " tie, %" PRIu64
                " invalid)%s, %" PRIu64 " rejected",
                bco_match_count(pairs), c->verdicts, c->a, c->b, c->tie, c->invalid, flips, bco_match_rejected(pairs));
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct bco_match *pairs = NULL;
    struct bco_writer *out = NULL, *rejects = NULL;
    struct bco_judge_counts counts;
    enum bco_code code = BCO_OK;
    if (s->cli.rejects) code = bco_writer_open(&rejects, s->cli.rejects, err);
    if (!code) code = bco_match_open(&pairs, s->cli.arguments[0], s->cli.arguments[1], rejects, err);
    if (!code) code = bco_writer_open(&out, s->cli.output, err);
    if (!code) code = bco_judge_pairs(pairs, &s->judge, out, &counts, &s->cli.watch, err);
    if (!code) {
        code = bco_writer_close(out, err);
        out = NULL;
    }
    if (!code && rejects) {
        code = bco_writer_close(rejects, err);
        rejects = NULL;
    }
    bco_writer_discard(out);
    bco_writer_discard(rejects);
    cli_die_if_asked();
    if (!code) summarize(s, pairs, &counts);
    bco_match_close(pairs);
    return code;
}

int main(int argc, char **argv) {
    struct settings s = {.judge = {.timeout = 60, .retries = 1}, .max_line = 1 << 20};
    struct bco_error err = {0};
    const struct cli_option options[] = {
        {"command", 0, CLI_TEXT, &s.judge.command, "CMD", "the judge: reads a question a line, writes a verdict a line",
         NULL, 0, 0, NULL},
        {"both-orders", 0, CLI_FLAG, &s.both_orders, NULL, "ask about each pair as A, B and as B, A (the default)",
         NULL, 0, 0, NULL},
        {"one-order", 0, CLI_FLAG, &s.judge.one_order, NULL, "ask with A first only", NULL, 0, 0, NULL},
        {"timeout", 0, CLI_REAL, &s.judge.timeout, "X", "seconds an answer may take [60]", NULL, 1e-3, 1e9, NULL},
        {"retries", 0, CLI_COUNT, &s.judge.retries, "N", "times a question is asked again after no verdict [1]", NULL,
         0, 0, NULL},
        {"max-answer", 0, CLI_COUNT, &s.max_line, "SIZE", "bytes an answer may have [1M]", NULL, 1, 1 << 30, NULL},
    };
    const struct cli_tool tool = {.name = "bco-judge",
                                  .usage = "--command CMD [options] A B",
                                  .about = "Lets a judge compare two sets of completions.",
                                  .options = options,
                                  .count = sizeof options / sizeof *options};
    int status = cli_parse(&s.cli, &tool, argc, argv, true);
    if (status >= 0) return status;
    s.judge.max_line = (size_t)s.max_line;
    if (s.both_orders && s.judge.one_order)
        return cli_usage(&s.cli, "--both-orders and --one-order exclude each other");
    if (!s.judge.command) return cli_usage(&s.cli, "no judge, expected --command CMD");
    if (s.cli.argument_count != 2)
        return cli_usage(&s.cli, "two files of completions expected, got %zu", s.cli.argument_count);
    return cli_finish(&s.cli, run(&s, &err), &err);
}

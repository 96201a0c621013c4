/* likert2pair: ratings of completions that share a prompt in, pair records out. */
#include "common/filter.h"

#include <bco/rank.h>
#include <inttypes.h>
#include <stdio.h>

struct settings {
    struct filter filter;
    struct bco_rank_options options;
    int pairs, ties;
};

static void summarise(const struct filter *f, const struct bco_rank_counts *c) {
    char start[128];
    const struct filter_part parts[] = {
        {c->ties, "ties dropped"}, {c->single, "single dropped"}, {c->close, "too close dropped"}};
    snprintf(start, sizeof start, "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " groups), %" PRIu64 " rejected", c->in,
             c->out, c->groups, c->rejected);
    filter_summary_parts(f, start, c->by_rule, parts, sizeof parts / sizeof *parts);
}

static size_t add_options(struct cli_option *to, struct settings *s) {
    struct bco_rank_options *o = &s->options;
    const struct cli_option options[] = {
        {"prompt", 0, CLI_TEXT, &o->prompt, "FIELD", "the field that is the prompt [prompt]", NULL, 0, 0, NULL},
        {"completion", 0, CLI_TEXT, &o->completion, "FIELD", "the completion [completion, else response]", NULL, 0, 0,
         NULL},
        {"rating", 0, CLI_TEXT, &o->rating, "FIELD", "the rating [rating]", NULL, 0, 0, NULL},
        {"scale", 0, CLI_TEXT, &o->scale, "LO-HI", "what ratings lie between [1-5]", NULL, 0, 0, NULL},
        {"group", 0, CLI_TEXT, &o->group, "FIELD", "what the completions of a group share [the prompt]", NULL, 0, 0,
         NULL},
        {"pairs", 0, CLI_CHOICE, &s->pairs, "WHICH", "best-worst, all or adjacent [best-worst]",
         "best-worst|all|adjacent", 0, 0, NULL},
        {"margin", 0, CLI_REAL, &o->margin, "X", "the least difference of ratings [0: any difference]", NULL, 0, -1,
         NULL},
        {"ties", 0, CLI_CHOICE, &s->ties, "WHAT", "groups whose ratings are all equal: drop or error [drop]",
         "drop|error", 0, 0, NULL},
    };
    size_t count = filter_reading_options(&s->filter, to);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) to[count++] = options[i];
    return count + filter_rule_options(&s->filter, to + count);
}

int main(int argc, char **argv) {
    struct settings s = {0};
    struct filter *f = &s.filter;
    struct bco_rank_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option table[24];
    const struct cli_tool tool = {.name = "likert2pair",
                                  .usage = "[options] [FILE...]",
                                  .about = "Makes pairs of rated completions that share a prompt.",
                                  .options = table,
                                  .count = add_options(table, &s)};
    int done = cli_parse(&f->cli, &tool, argc, argv, false);
    if (done < 0) done = filter_check(f);
    if (done >= 0) return done;
    filter_options(f, &s.options.filter);
    s.options.pairs = (enum bco_rank_pairs)s.pairs;
    s.options.ties = (enum bco_rank_ties)s.ties;
    enum bco_code code = filter_open(f, &err);
    if (code == BCO_OK) code = bco_rank_run(&s.options, f->reader, f->out, f->rejects, &counts, &f->cli.watch, &err);
    code = filter_close(f, code, &err);
    if (code == BCO_OK) summarise(f, &counts);
    return cli_finish(&f->cli, code, &err);
}

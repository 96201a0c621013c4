/* likert2bin: ratings in, balanced binary records out. */
#include "common/filter.h"

#include <bco/likert.h>

enum { MAX_OPTIONS = 32 };

static size_t add_options(struct cli_option *to, struct filter *f, struct bco_likert_options *o) {
    const struct cli_option options[] = {
        {"prompt", 0, CLI_TEXT, &o->prompt, "FIELD", "the field that is the prompt [prompt]", NULL, 0, 0, NULL},
        {"completion", 0, CLI_TEXT, &o->completion, "FIELD", "the completion [completion, else response]", NULL, 0, 0,
         NULL},
        {"rating", 0, CLI_TEXT, &o->rating, "FIELD", "the rating [rating]", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Ratings", NULL, 0, 0, NULL},
        {"scale", 0, CLI_TEXT, &o->scale, "LO-HI", "what ratings lie between [1-5]", NULL, 0, 0, NULL},
        {"up", 0, CLI_TEXT, &o->up, "RANGES", "values and LO-HI, with commas between [the top of the scale]", NULL, 0,
         0, NULL},
        {"down", 0, CLI_TEXT, &o->down, "RANGES", "[all the rest]", NULL, 0, 0, NULL},
        {"drop", 0, CLI_TEXT, &o->drop, "RANGES", "neither: left out [nothing]", NULL, 0, 0, NULL},
        {"map", 0, CLI_TEXT, &o->map, "WORD=up|down|drop,...", "ratings that are words", NULL, 0, 0, NULL},
        {"rating-regex", 0, CLI_TEXT, &o->rating_regex, "RE", "the rating is RE's first group in the field's text",
         NULL, 0, 0, NULL},
        {"contrasted", 0, CLI_FLAG, &o->filter.contrasted, NULL,
         "only prompts with two completions of different ratings", NULL, 0, 0, NULL},
    };
    size_t count = filter_reading_options(f, to);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) to[count++] = options[i];
    count += filter_rule_options(f, to + count);
    count += filter_duplicate_options(f, to + count);
    return count + filter_balance_options(f, to + count);
}

int main(int argc, char **argv) {
    struct filter f = {0};
    struct bco_likert_options options = {0};
    struct bco_likert *rule = NULL;
    struct bco_filter_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option table[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "likert2bin",
                                  .usage = "[options] [FILE...]",
                                  .about = "Makes balanced binary records of ratings.",
                                  .options = table,
                                  .count = add_options(table, &f, &options)};
    int done = cli_parse(&f.cli, &tool, argc, argv, false);
    if (done < 0) done = filter_check(&f);
    if (done >= 0) return done;
    filter_options(&f, &options.filter);
    enum bco_code code = bco_likert_new(&rule, &options, &err);
    if (code == BCO_OK) code = filter_open(&f, &err);
    if (code == BCO_OK) code = bco_likert_run(rule, f.reader, f.out, f.rejects, &counts, &f.cli.watch, &err);
    code = filter_close(&f, code, &err);
    if (code == BCO_OK) filter_summary(&f, &counts);
    bco_likert_free(rule);
    return cli_finish(&f.cli, code, &err);
}

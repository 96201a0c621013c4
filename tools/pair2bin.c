/* pair2bin: pairs in, balanced binary records out. */
#include "common/filter.h"

#include <bco/pairs.h>

enum { MAX_OPTIONS = 40 };

static size_t add_options(struct cli_option *to, struct filter *f, struct bco_pairs_options *o, int *ties) {
    const struct cli_option options[] = {
        {"prompt", 0, CLI_TEXT, &o->prompt, "FIELD", "the field that is the prompt [prompt]", NULL, 0, 0, NULL},
        {"chosen", 0, CLI_TEXT, &o->chosen, "FIELD", "the better completion [chosen]", NULL, 0, 0, NULL},
        {"rejected", 0, CLI_TEXT, &o->rejected, "FIELD", "the worse one [rejected]", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Preferences", NULL, 0, 0, NULL},
        {"a", 0, CLI_TEXT, &o->a, "FIELD", "the first completion [response_a]", NULL, 0, 0, NULL},
        {"b", 0, CLI_TEXT, &o->b, "FIELD", "the second [response_b]", NULL, 0, 0, NULL},
        {"preference", 0, CLI_TEXT, &o->preference, "FIELD", "which of them is better [preference]", NULL, 0, 0, NULL},
        {"prefer", 0, CLI_TEXT, &o->prefer, "WORD=a|b|tie,...", "what it says [a=a, b=b, tie=tie, 1=a, 2=b, 0=tie]",
         NULL, 0, 0, NULL},
        {"ties", 0, CLI_CHOICE, ties, "WHAT", "both completions of a tie: drop, up, down or error [drop]",
         "drop|up|down|error", 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Dialogues", NULL, 0, 0, NULL},
        {"implicit-prompt", 0, CLI_FLAG, &o->implicit_prompt, NULL,
         "the two sides are whole dialogues: the prompt is what they begin with alike", NULL, 0, 0, NULL},
        {"weight-field", 0, CLI_TEXT, &o->weight_field, "FIELD", "strength of preference, which becomes the weight",
         NULL, 0, 0, NULL},
    };
    size_t count = filter_reading_options(f, to);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) to[count++] = options[i];
    count += filter_rule_options(f, to + count);
    count += filter_duplicate_options(f, to + count);
    return count + filter_balance_options(f, to + count);
}

int main(int argc, char **argv) {
    struct filter f = {0};
    int ties = BCO_TIES_DROP;
    struct bco_pairs_options options = {0};
    struct bco_pairs *rule = NULL;
    struct bco_filter_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option table[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "pair2bin",
                                  .usage = "[options] [FILE...]",
                                  .about = "Makes balanced binary records of pairs.",
                                  .options = table,
                                  .count = add_options(table, &f, &options, &ties)};
    int done = cli_parse(&f.cli, &tool, argc, argv, false);
    if (done < 0) done = filter_check(&f);
    if (done >= 0) return done;
    filter_options(&f, &options.filter);
    options.ties = (enum bco_ties)ties;
    enum bco_code code = bco_pairs_new(&rule, &options, &err);
    if (code == BCO_OK) code = filter_open(&f, &err);
    if (code == BCO_OK) code = bco_pairs_run(rule, f.reader, f.out, f.rejects, &counts, &f.cli.watch, &err);
    code = filter_close(&f, code, &err);
    if (code == BCO_OK) filter_summary(&f, &counts);
    bco_pairs_free(rule);
    return cli_finish(&f.cli, code, &err);
}

/* binsplit: records in; train, validation and test files out, with no prompt in two of them. */
#include "common/filter.h"

#include <bco/split.h>
#include <inttypes.h>
#include <stdio.h>

struct settings {
    struct filter filter; /* its output is not used */
    const char *paths[BCO_SIDES];
    struct bco_split_options options;
    struct bco_writer *out[BCO_SIDES];
};

static int check_outputs(const struct settings *s) {
    const char *outputs[BCO_SIDES + 1] = {s->filter.cli.rejects};
    for (int i = 0; i < BCO_SIDES; i++) outputs[i + 1] = s->paths[i];
    for (int i = 0; i <= BCO_SIDES; i++)
        for (int j = 0; j < i; j++)
            if (outputs[i] && outputs[j] && cli_same_file(outputs[i], outputs[j]))
                return cli_usage(&s->filter.cli, "'%s' for two outputs", outputs[i]);
    return -1;
}

static int check(const struct settings *s) {
    const struct cli *cli = &s->filter.cli;
    const char *const *paths = s->paths;
    int done = filter_check(&s->filter);
    if (done >= 0) return done;
    if (cli->output) return cli_usage(cli, "--output: expected --train, --valid and --test instead");
    if (!paths[BCO_SIDE_TRAIN] || !paths[BCO_SIDE_VALID]) return cli_usage(cli, "expected --train FILE --valid FILE");
    if (!paths[BCO_SIDE_TEST] && s->options.test_share > 0) return cli_usage(cli, "--test-share needs --test FILE");
    return check_outputs(s);
}

static enum bco_code open_all(struct settings *s, struct bco_error *err) {
    enum bco_code code = filter_open_inputs(&s->filter, err);
    for (int i = 0; i < BCO_SIDES && code == BCO_OK; i++)
        if (s->paths[i]) code = bco_writer_open(&s->out[i], s->paths[i], err);
    return code;
}

static enum bco_code close_all(struct settings *s, enum bco_code code, struct bco_error *err) {
    code = filter_close(&s->filter, code, err);
    for (int i = 0; i < BCO_SIDES; i++) {
        if (!s->out[i]) continue;
        if (code == BCO_OK)
            code = bco_writer_close(s->out[i], err);
        else
            bco_writer_discard(s->out[i]);
    }
    return code;
}

static void summarise(const struct settings *s, const struct bco_split_counts *c) {
    const uint64_t *out = c->out;
    char test[32] = "";
    if (s->out[BCO_SIDE_TEST]) snprintf(test, sizeof test, ", %" PRIu64 " test", out[BCO_SIDE_TEST]);
    for (int i = 0; i < BCO_SIDES; i++)
        if (s->paths[i] && !out[i]) cli_warn(&s->filter.cli, "%s has no records", s->paths[i]);
    cli_summary(&s->filter.cli,
                "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " train, %" PRIu64 " valid%s), %" PRIu64 " rejected", c->in,
                out[0] + out[1] + out[2], out[BCO_SIDE_TRAIN], out[BCO_SIDE_VALID], test, c->rejected);
}

int main(int argc, char **argv) {
    struct settings s = {.options.valid_share = 0.1};
    struct bco_split_options *o = &s.options;
    struct bco_split_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option table[16] = {
        {"train", 0, CLI_TEXT, &s.paths[BCO_SIDE_TRAIN], "FILE", "the training records", NULL, 0, 0, NULL},
        {"valid", 0, CLI_TEXT, &s.paths[BCO_SIDE_VALID], "FILE", "the validation records", NULL, 0, 0, NULL},
        {"test", 0, CLI_TEXT, &s.paths[BCO_SIDE_TEST], "FILE", "the test records", NULL, 0, 0, NULL},
        {"share", 0, CLI_REAL, &o->valid_share, "X", "of the prompts for validation [0.1]", NULL, 0, 1, NULL},
        {"test-share", 0, CLI_REAL, &o->test_share, "X", "of the prompts for the test [0]", NULL, 0, 1, NULL},
        {"by", 0, CLI_TEXT, &o->by, "FIELD", "what stays together [prompt]", NULL, 0, 0, NULL},
        {"seed", 0, CLI_COUNT, &o->seed, "N", "another seed, another split [0]", NULL, 0, 0, NULL},
    };
    const struct cli_tool tool = {.name = "binsplit",
                                  .usage = "--train FILE --valid FILE [options] [FILE...]",
                                  .about = "Splits records so that no prompt is on two sides.",
                                  .options = table,
                                  .count = 7 + filter_reading_options(&s.filter, table + 7)};
    int done = cli_parse(&s.filter.cli, &tool, argc, argv, false);
    if (done < 0) done = check(&s);
    if (done >= 0) return done;
    enum bco_code code = open_all(&s, &err);
    if (code == BCO_OK)
        code = bco_split_run(o, s.filter.reader, s.out, s.filter.rejects, &counts, &s.filter.cli.watch, &err);
    code = close_all(&s, code, &err);
    if (code == BCO_OK) summarise(&s, &counts);
    return cli_finish(&s.filter.cli, code, &err);
}

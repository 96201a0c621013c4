/* bco-merge: a model and its LoRA adapter in, a model out. */
#include "common/cli.h"

#include <bco/model.h>
#include <inttypes.h>
#include <string.h>

struct merge {
    struct cli cli;
    struct bco_merge merge;
    int dtype;
    bool dtype_given;
};

enum { MAX_OPTIONS = 4 };

static size_t add_options(struct cli_option *to, struct merge *m) {
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &m->merge.model, "MODEL", "a model folder", NULL, 0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &m->merge.adapter, "ADAPTER", "a LoRA adapter on it", NULL, 0, 0, NULL},
        {"output", 'o', CLI_TEXT, &m->merge.out, "OUT", "the folder to make; it may be there, but empty", NULL, 0, 0,
         NULL},
        {"dtype", 0, CLI_CHOICE, &m->dtype, "TYPE", "of what is written: f32, bf16 or f16 [as MODEL's]", "f32|bf16|f16",
         0, 0, &m->dtype_given},
    };
    memcpy(to, options, sizeof options);
    return sizeof options / sizeof *options;
}

/* -1: go on. */
static int check_usage(struct merge *m) {
    static const enum bco_dtype types[] = {BCO_DTYPE_F32, BCO_DTYPE_BF16, BCO_DTYPE_F16};
    if (!m->merge.model) return cli_usage(&m->cli, "-m MODEL is missing");
    if (!m->merge.adapter) return cli_usage(&m->cli, "-a ADAPTER is missing");
    if (!m->merge.out) return cli_usage(&m->cli, "-o OUT is missing");
    if (m->cli.argument_count) return cli_usage(&m->cli, "takes no files, got '%s'", m->cli.arguments[0]);
    if (m->cli.rejects) return cli_usage(&m->cli, "--rejects: there are no records");
    if (m->dtype_given) m->merge.dtype = types[m->dtype];
    m->merge.threads = m->cli.threads;
    return -1;
}

int main(int argc, char **argv) {
    static const char *const names[] = {[BCO_DTYPE_F32] = "f32", [BCO_DTYPE_F16] = "f16", [BCO_DTYPE_BF16] = "bf16"};
    struct merge m = {0};
    struct bco_merge_counts counts = {0};
    struct bco_error err = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-merge",
                                  .usage = "-m MODEL -a ADAPTER -o OUT [--dtype TYPE]",
                                  .about = "Merges a LoRA adapter into its model.",
                                  .options = options,
                                  .count = add_options(options, &m)};
    int done = cli_parse(&m.cli, &tool, argc, argv, true);
    if (done < 0) done = check_usage(&m);
    if (done >= 0) return done;
    enum bco_code code = bco_merge(&m.merge, &counts, &m.cli.watch, &err);
    if (code == BCO_EINTERRUPTED) cli_die_if_asked();
    if (!code) cli_summary(&m.cli, "%" PRIu64 " parameters written as %s", counts.parameters, names[counts.dtype]);
    return cli_finish(&m.cli, code, &err);
}

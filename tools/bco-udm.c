/* bco-udm: binary records in, the same out with weights for down records by underlying distribution matching. */
#include "common/cli.h"

#include <bco/refcache.h>
#include <bco/udm.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tool {
    struct cli cli;
    const char *model, *adapter, *chat_file, *clip;
    uint64_t max_length, batch_tokens;
    bool max_length_given, bos_given, batch_given;
    struct bco_udm udm;
    struct bco_model *opened;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_udm_counts counts;
};

enum { MAX_OPTIONS = 16 };

static size_t add_options(struct cli_option *to, struct tool *t) {
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &t->model, "MODEL", "a model folder, which embeds the prompts", NULL, 0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &t->adapter, "DIR", "MODEL with this LoRA adapter", NULL, 0, 0, NULL},
        {"embedding", 0, CLI_TEXT, &t->udm.embedding, "FIELD", "a list of numbers in the records, instead of MODEL's",
         NULL, 0, 0, NULL},
        {"clip", 0, CLI_TEXT, &t->clip, "LO:HI", "least and greatest weight [0.5:10]", NULL, 0, 0, NULL},
        {"ridge", 0, CLI_REAL, &t->udm.ridge, "X", "L2 regularisation of the regression [1]", NULL, 1e-12, 1e12, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Prompts, as MODEL sees them", NULL, 0, 0, NULL},
        {"ids", 0, CLI_FLAG, &t->udm.limits.ids, NULL, "records carry prompt_ids and completion_ids; used as they are",
         NULL, 0, 0, NULL},
        {"max-length", 0, CLI_COUNT, &t->max_length, "N",
         "tokens of prompt and completion [1024, or the model's positions]", NULL, 2, 1e9, &t->max_length_given},
        {"chat-template", 0, CLI_TEXT, &t->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, NULL},
        {"no-bos", 0, CLI_UNFLAG, &t->udm.limits.bos, NULL, "no BOS before the prompt", NULL, 0, 0, &t->bos_given},
        {"batch-tokens", 0, CLI_COUNT, &t->batch_tokens, "N", "tokens computed at once [4096]", NULL, 1, 1e9,
         &t->batch_given},
    };
    memcpy(to, options, sizeof options);
    return sizeof options / sizeof *options;
}

static bool parse_clip(struct tool *t) {
    char end;
    if (!t->clip) return true;
    return sscanf(t->clip, "%lf:%lf%c", &t->udm.low, &t->udm.high, &end) == 2 && isfinite(t->udm.high) &&
           t->udm.low > 0 && t->udm.high >= t->udm.low;
}

/* With a field nothing of a model is used. */
static const char *useless_option(const struct tool *t) {
    if (t->model) return "-m";
    if (t->adapter) return "-a";
    if (t->udm.limits.ids) return "--ids";
    if (t->max_length_given) return "--max-length";
    if (t->chat_file) return "--chat-template";
    if (t->bos_given) return "--no-bos";
    return t->batch_given ? "--batch-tokens" : NULL;
}

/* -1: go on. */
static int check_usage(struct tool *t) {
    const char *folder = getenv("TMPDIR"), *useless = useless_option(t);
    if (!t->model && !t->udm.embedding) return cli_usage(&t->cli, "-m MODEL is missing, or --embedding FIELD");
    if (t->udm.embedding && useless) return cli_usage(&t->cli, "%s has no use with --embedding", useless);
    if (!parse_clip(t)) return cli_usage(&t->cli, "--clip: got '%s', expected LO:HI with 0 < LO <= HI", t->clip);
    t->udm.limits.max_length = (size_t)t->max_length;
    t->udm.batch_tokens = (size_t)t->batch_tokens;
    t->udm.folder = folder && *folder ? folder : "/tmp";
    return -1;
}

static enum bco_code open_model(struct tool *t, struct bco_error *err) {
    const struct bco_model_options options = {.threads = t->cli.threads, .adapter = t->adapter};
    enum bco_code code = bco_model_open(&t->opened, t->model, &options, err);
    if (code == BCO_OK && !t->udm.limits.ids) code = bco_tokenizer_open(&t->tokenizer, t->model, err);
    if (code == BCO_OK && !t->udm.limits.ids) code = bco_template_open(&t->chat, t->model, t->chat_file, err);
    t->udm.limits.chat = t->chat;
    if (code == BCO_OK) code = bco_refcache_limits(&t->udm.limits, t->opened, t->tokenizer, err);
    t->udm.model = t->opened;
    t->udm.tokenizer = t->tokenizer;
    return code;
}

static enum bco_code run(struct tool *t, struct bco_error *err) {
    struct bco_udm *u = &t->udm;
    enum bco_code code = t->model ? open_model(t, err) : BCO_OK;
    if (code == BCO_OK) code = bco_reader_open(&u->reader, t->cli.arguments, t->cli.argument_count, NULL, err);
    if (code == BCO_OK) code = bco_writer_open(&u->writer, t->cli.output, err);
    if (code == BCO_OK && t->cli.rejects) code = bco_writer_open(&u->rejects, t->cli.rejects, err);
    if (code == BCO_OK) code = bco_udm_run(u, &t->cli.watch, &t->counts, err);
    if (code == BCO_OK && u->rejects) {
        code = bco_writer_close(u->rejects, err);
        u->rejects = NULL;
    }
    if (code == BCO_OK) {
        code = bco_writer_close(u->writer, err);
        u->writer = NULL;
    }
    return code;
}

static void close_all(struct tool *t) {
    bco_writer_discard(t->udm.rejects);
    bco_writer_discard(t->udm.writer);
    bco_reader_close(t->udm.reader);
    bco_template_close(t->chat);
    bco_tokenizer_close(t->tokenizer);
    bco_model_close(t->opened);
}

static void summary(const struct tool *t) {
    const struct bco_udm_counts *n = &t->counts;
    char auc[64] = "too few prompts for an AUC";
    if (!isnan(n->auc)) snprintf(auc, sizeof auc, "AUC %.3f (chance 0.5 +- %.3f)", n->auc, n->chance);
    if (!isnan(n->auc) && !bco_udm_is_needed(n))
        cli_warn(&t->cli, "the prompts do not tell the classes apart: UDM is not needed");
    cli_summary(&t->cli,
                "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " up, %" PRIu64 " down), %" PRIu64
                " prompts, %s, down weights %.3g to %.3g, %" PRIu64 " clipped, %" PRIu64 " rejected",
                n->in, n->out, n->up, n->down, n->prompts, auc, n->least, n->greatest, n->clipped, n->rejected);
}

int main(int argc, char **argv) {
    struct tool t = {.udm = {.limits = {.bos = true}, .low = 0.5, .high = 10, .ridge = 1}};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-udm",
                                  .usage = "-m MODEL [options] [FILE...]",
                                  .about = "Weighs down records by how much their prompts are like those of ups.",
                                  .options = options,
                                  .count = add_options(options, &t),
                                  .computes = true};
    struct bco_error err = {0};
    int done = cli_parse(&t.cli, &tool, argc, argv, false);
    if (done < 0) done = check_usage(&t);
    if (done >= 0) return done;
    enum bco_code code = run(&t, &err);
    if (code == BCO_OK) summary(&t);
    close_all(&t);
    return cli_finish(&t.cli, code, &err);
}

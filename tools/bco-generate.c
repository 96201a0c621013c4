/* bco-generate: prompts in, completions out. */
#include "common/cli.h"

#include <bco/generate.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct generate {
    struct cli cli;
    const char *model, *adapter, *chat_file;
    struct cli_list stops;
    uint64_t max_new_tokens, batch;
    bool with_temperature, with_top_p, with_top_k, with_min_p; /* which were given */
    struct bco_generate_run run;
    struct bco_model *opened;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_generate_counts counts;
    uint64_t foreseen; /* bytes of memory */
};

enum { MAX_OPTIONS = 24 };

static size_t add_options(struct cli_option *to, struct generate *g) {
    struct bco_generate_options *o = &g->run.options;
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &g->model, "MODEL", "a model folder", NULL, 0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &g->adapter, "DIR", "MODEL with this LoRA adapter", NULL, 0, 0, NULL},
        {"completions", 'n', CLI_COUNT, &o->n, "N", "completions a prompt [1]", NULL, 1, 1e6, NULL},
        {"text", 0, CLI_FLAG, &g->run.text, NULL, "the input is plain lines, each a prompt", NULL, 0, 0, NULL},
        {"logp", 0, CLI_FLAG, &o->logp, NULL, "adds the completion's log-prob under the model", NULL, 0, 0, NULL},
        {"ids", 0, CLI_FLAG, &g->run.ids, NULL, "records carry prompt_ids, used as they are, and get completion_ids",
         NULL, 0, 0, NULL},
        {"chat-template", 0, CLI_TEXT, &g->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, NULL},
        {"no-bos", 0, CLI_UNFLAG, &g->run.bos, NULL, "no BOS before the prompt", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Sampling", NULL, 0, 0, NULL},
        {"temperature", 0, CLI_REAL, &o->temperature, "X", "logits are divided by it; 0: --greedy [0.7]", NULL, 0, 1e6,
         &g->with_temperature},
        {"top-p", 0, CLI_REAL, &o->top_p, "X", "only the likeliest tokens that make up this probability [0.95]", NULL,
         1e-9, 1, &g->with_top_p},
        {"top-k", 0, CLI_COUNT, &o->top_k, "N", "only the N likeliest tokens [0: all]", NULL, 0, 0, &g->with_top_k},
        {"min-p", 0, CLI_REAL, &o->min_p, "X", "only tokens at least X times as likely as the likeliest [0: all]", NULL,
         0, 1, &g->with_min_p},
        {"repetition-penalty", 0, CLI_REAL, &o->repetition_penalty, "X",
         "logits of tokens that were there are divided (negative ones: multiplied) by it [1: none]", NULL, 1e-3, 1e3,
         NULL},
        {"greedy", 0, CLI_FLAG, &o->greedy, NULL, "the likeliest token each time", NULL, 0, 0, NULL},
        {"seed", 0, CLI_COUNT, &o->seed, "N", "of the random numbers [0]", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "The end", NULL, 0, 0, NULL},
        {"max-new-tokens", 0, CLI_COUNT, &g->max_new_tokens, "N", "tokens a completion may have [256]", NULL, 1, 1e9,
         NULL},
        {"stop", 0, CLI_LIST, &g->stops, "TEXT", "ends a completion before TEXT; repeatable", NULL, 0, 0, NULL},
        {"ignore-eos", 0, CLI_FLAG, &o->ignore_eos, NULL, "an end-of-sequence token ends nothing", NULL, 0, 0, NULL},
        {"batch", 0, CLI_COUNT, &g->batch, "N", "sequences computed at once, where memory holds so many [16]", NULL, 1,
         4096, NULL},
        {"max-memory", 0, CLI_COUNT, &o->max_memory, "SIZE", "that the run may take, as in 6G [80 % of what is free]",
         NULL, 1, 1e18, NULL},
    };
    memcpy(to, options, sizeof options);
    return sizeof options / sizeof *options;
}

static double mib(uint64_t bytes) {
    return (double)bytes / 0x1p20;
}

static void tell_memory(void *user, const struct bco_generate_memory *m) {
    struct generate *g = user;
    char limit[32] = "";
    g->foreseen = m->peak;
    if (!g->cli.verbose) return;
    if (m->limit != UINT64_MAX) snprintf(limit, sizeof limit, " of %.0f", mib(m->limit));
    cli_warn(&g->cli,
             "memory: %.0f MiB%s: weights %.0f, keys and values %.0f (sequences: %zu), work %.0f, the rest %.0f",
             mib(m->peak), limit, mib(m->weights), mib(m->cache), m->sequences, mib(m->work), mib(m->rest));
}

/* An option that --greedy would ignore, or NULL. */
static const char *idle_option(const struct generate *g) {
    if (g->with_temperature && g->run.options.temperature > 0) return "temperature";
    if (g->with_top_p) return "top-p";
    if (g->with_top_k) return "top-k";
    return g->with_min_p ? "min-p" : NULL;
}

/* -1: go on. */
static int check_usage(struct generate *g) {
    struct bco_generate_options *o = &g->run.options;
    if (!g->model) return cli_usage(&g->cli, "-m MODEL is missing");
    if (g->run.ids && g->run.text) return cli_usage(&g->cli, "--ids and --text exclude each other");
    if (g->run.ids && g->chat_file) return cli_usage(&g->cli, "--chat-template needs messages, --ids has none");
    if (g->run.ids && g->stops.count) return cli_usage(&g->cli, "--stop needs texts, --ids has none");
    for (size_t i = 0; i < g->stops.count; i++)
        if (!*g->stops.items[i]) return cli_usage(&g->cli, "--stop: an empty text");
    if (o->greedy && idle_option(g))
        return cli_usage(&g->cli, "--%s is for sampling, not for --greedy", idle_option(g));
    if (o->temperature == 0) o->greedy = true; /* what sampling tends to: its other options stay legal */
    o->stops = g->stops.items;
    o->stop_count = g->stops.count;
    o->max_new_tokens = (size_t)g->max_new_tokens;
    o->slots = (size_t)g->batch;
    o->threads = g->cli.threads;
    o->on_memory = tell_memory;
    o->user = g;
    return -1;
}

static enum bco_code open_all(struct generate *g, struct bco_error *err) {
    const struct bco_model_options options = {.threads = g->cli.threads, .adapter = g->adapter};
    const struct bco_reader_options reading = {.format = g->run.text ? BCO_FORMAT_TEXT : BCO_FORMAT_AUTO,
                                               .ahead = true};
    struct bco_generate_run *run = &g->run;
    enum bco_code code = bco_model_open(&g->opened, g->model, &options, err);
    if (!code && !run->ids) code = bco_tokenizer_open(&g->tokenizer, g->model, err);
    if (!code && !run->ids) code = bco_template_open(&g->chat, g->model, g->chat_file, err);
    if (!code) code = bco_reader_open(&run->reader, g->cli.arguments, g->cli.argument_count, &reading, err);
    if (!code) code = bco_writer_open(&run->writer, g->cli.output, err);
    if (!code && g->cli.rejects) code = bco_writer_open(&run->rejects, g->cli.rejects, err);
    run->model = g->opened;
    run->tokenizer = g->tokenizer;
    run->chat = g->chat;
    return code;
}

/* The output appears only where all went well; what was rejected until an error in the data is kept. */
static enum bco_code close_all(struct generate *g, enum bco_code code, struct bco_error *err) {
    struct bco_generate_run *run = &g->run;
    struct bco_error ignored;
    if (run->rejects && code <= BCO_EDATA) {
        enum bco_code closed = bco_writer_close(run->rejects, code ? &ignored : err);
        run->rejects = NULL;
        if (!code) code = closed;
    }
    if (!code) {
        code = bco_writer_close(run->writer, err);
        run->writer = NULL;
    }
    bco_writer_discard(run->rejects);
    bco_writer_discard(run->writer);
    bco_reader_close(run->reader);
    bco_template_close(g->chat);
    bco_tokenizer_close(g->tokenizer);
    bco_model_close(g->opened);
    return code;
}

static void summarize(const struct generate *g) {
    const struct bco_generate_counts *n = &g->counts;
    if (g->cli.verbose && n->memory_peak)
        cli_warn(&g->cli, "memory used: %.0f MiB of the %.0f foreseen", mib(n->memory_peak), mib(g->foreseen));
    if (n->outdated)
        cli_warn(&g->cli,
                 "%" PRIu64 " records keep a label, rating, reward or ref_logp of the completion that was replaced",
                 n->outdated);
    cli_summary(&g->cli,
                "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " stop, %" PRIu64 " length), %" PRIu64 " tokens, %" PRIu64
                " rejected",
                n->in, n->out, n->stopped, n->cut, n->tokens, n->rejected);
}

int main(int argc, char **argv) {
    struct generate g = {.run = {.bos = true, .options = {.temperature = 0.7, .top_p = 0.95, .repetition_penalty = 1}}};
    struct bco_error err = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-generate",
                                  .usage = "-m MODEL [options] [FILE...]",
                                  .about = "Completes prompts.",
                                  .options = options,
                                  .count = add_options(options, &g),
                                  .computes = true};
    int done = cli_parse(&g.cli, &tool, argc, argv, false);
    if (done < 0) done = check_usage(&g);
    if (done >= 0) return done;
    enum bco_code code = open_all(&g, &err);
    if (!code) code = bco_generate_records(&g.run, &g.counts, &g.cli.watch, &err);
    code = close_all(&g, code, &err);
    if (!code) summarize(&g);
    return cli_finish(&g.cli, code, &err);
}

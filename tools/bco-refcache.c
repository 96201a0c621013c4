/* bco-refcache: records in, the same with reference log-probs out. */
#include "common/cli.h"
#include "common/precision.h"

#include <bco/refcache.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct refcache {
    struct cli cli;
    const char *model, *adapter, *store, *shard, *chat_file;
    uint64_t max_length, max_prompt, batch_tokens, kto_batch;
    int overlong, precision;
    bool kto, kto_batch_given;
    struct bco_refcache cache;
    struct bco_model *opened;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_refcache_counts counts;
};

enum { MAX_OPTIONS = 24 };

static size_t add_options(struct cli_option *to, struct refcache *r) {
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &r->model, "MODEL", "the reference: a model folder", NULL, 0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &r->adapter, "DIR", "the reference is MODEL with this LoRA adapter", NULL, 0, 0,
         NULL},
        {"store", 0, CLI_TEXT, &r->store, "DIR", "results are kept here, and only what is new is computed [$BCO_STORE]",
         NULL, 0, 0, NULL},
        {"ids", 0, CLI_FLAG, &r->cache.limits.ids, NULL,
         "records carry prompt_ids and completion_ids; used as they are", NULL, 0, 0, NULL},
        {"kto", 0, CLI_FLAG, &r->kto, NULL, "add what the loss kto needs: mismatched completions and their ref_logp_kl",
         NULL, 0, 0, NULL},
        {"kto-batch", 0, CLI_COUNT, &r->kto_batch, "N", "records that give each other their completions [32]", NULL, 2,
         65536, &r->kto_batch_given},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Limits", NULL, 0, 0, NULL},
        {"max-length", 0, CLI_COUNT, &r->max_length, "N",
         "tokens of prompt and completion [1024, or the model's positions]", NULL, 2, 1e9, NULL},
        {"max-prompt", 0, CLI_COUNT, &r->max_prompt, "N", "tokens of a prompt that had to be cut [half of max-length]",
         NULL, 1, 1e9, NULL},
        {"overlong", 0, CLI_CHOICE, &r->overlong, "WHAT", "truncate, drop or error [truncate]", "truncate|drop|error",
         0, 0, NULL},
        {"chat-template", 0, CLI_TEXT, &r->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, NULL},
        {"strict-template", 0, CLI_FLAG, &r->cache.limits.strict_template, NULL,
         "a prompt that is no prefix of the whole conversation is an error", NULL, 0, 0, NULL},
        {"no-bos", 0, CLI_UNFLAG, &r->cache.limits.bos, NULL, "no BOS before the prompt", NULL, 0, 0, NULL},
        {"no-eos", 0, CLI_UNFLAG, &r->cache.limits.eos, NULL, "no EOS behind the completion", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Work", NULL, 0, 0, NULL},
        {"batch-tokens", 0, CLI_COUNT, &r->batch_tokens, "N", "tokens computed at once [4096]", NULL, 1, 1e9, NULL},
        {"precision", 0, CLI_CHOICE, &r->precision, "WHAT", "of matrix products: f32 or bf16 [f32]", PRECISION_WORDS, 0,
         0, NULL},
        {"shard", 0, CLI_TEXT, &r->shard, "I/N", "only every N-th record, from the I-th on (1/4 to 4/4)", NULL, 0, 0,
         NULL},
    };
    size_t count = sizeof options / sizeof *options;
    memcpy(to, options, sizeof options);
    return count;
}

static bool parse_shard(struct refcache *r) {
    char end;
    if (!r->shard) return true;
    return r->shard[0] != '-' &&
           sscanf(r->shard, "%18" SCNu64 "/%18" SCNu64 "%c", &r->cache.shard, &r->cache.shards, &end) == 2 &&
           r->cache.shard >= 1 && r->cache.shard <= r->cache.shards;
}

/* -1: go on. */
static int check_usage(struct refcache *r) {
    if (!r->model) return cli_usage(&r->cli, "-m MODEL is missing");
    if (!parse_shard(r)) return cli_usage(&r->cli, "--shard: got '%s', expected I/N with 1 <= I <= N", r->shard);
    if (r->kto_batch_given && !r->kto) return cli_usage(&r->cli, "--kto-batch needs --kto");
    if (!r->store) r->store = getenv("BCO_STORE");
    if (r->store && !*r->store) r->store = NULL;
    r->cache.limits.max_length = (size_t)r->max_length;
    r->cache.limits.max_prompt = (size_t)r->max_prompt;
    r->cache.limits.overlong = (enum bco_overlong)r->overlong;
    r->cache.batch_tokens = (size_t)r->batch_tokens;
    r->cache.kto_batch = r->kto ? (size_t)r->kto_batch : 0;
    return -1;
}

static enum bco_code open_all(struct refcache *r, struct bco_error *err) {
    const struct bco_model_options options = {
        .threads = r->cli.threads, .adapter = r->adapter, .precision = cli_precision(&r->cli, r->precision)};
    struct bco_refcache *c = &r->cache;
    enum bco_code code = bco_model_open(&r->opened, r->model, &options, err);
    if (code == BCO_OK && !c->limits.ids) code = bco_tokenizer_open(&r->tokenizer, r->model, err);
    if (code == BCO_OK && !c->limits.ids) code = bco_template_open(&r->chat, r->model, r->chat_file, err);
    c->limits.chat = r->chat;
    if (code == BCO_OK) code = bco_refcache_limits(&c->limits, r->opened, r->tokenizer, err);
    if (code == BCO_OK && r->store) code = bco_store_open(&c->store, r->store, err);
    if (code == BCO_OK) code = bco_reader_open(&c->reader, r->cli.arguments, r->cli.argument_count, NULL, err);
    if (code == BCO_OK) code = bco_writer_open(&c->writer, r->cli.output, err);
    if (code == BCO_OK && r->cli.rejects) code = bco_writer_open(&c->rejects, r->cli.rejects, err);
    c->model = r->opened;
    c->tokenizer = r->tokenizer;
    return code;
}

/* An output appears only where all went well, and not before its rejects. */
static enum bco_code close_all(struct refcache *r, enum bco_code code, struct bco_error *err) {
    struct bco_refcache *c = &r->cache;
    if (code == BCO_OK && c->rejects) {
        code = bco_writer_close(c->rejects, err);
        c->rejects = NULL;
    }
    if (code == BCO_OK) {
        code = bco_writer_close(c->writer, err);
        c->writer = NULL;
    }
    bco_writer_discard(c->rejects);
    bco_writer_discard(c->writer);
    bco_reader_close(c->reader);
    bco_store_close(c->store);
    bco_template_close(r->chat);
    bco_tokenizer_close(r->tokenizer);
    bco_model_close(r->opened);
    return code;
}

static void summary(const struct refcache *r) {
    const struct bco_refcache_counts *n = &r->counts;
    if (n->cuts.parted)
        cli_warn(&r->cli, "%" PRIu64 " prompts are rendered otherwise alone: cut where they part from the whole",
                 n->cuts.parted);
    if (n->same_prompts)
        cli_warn(&r->cli,
                 "%" PRIu64 " of %" PRIu64 " mismatched completions are of their own prompt: shuffle the records first",
                 n->same_prompts, n->out);
    cli_summary(&r->cli,
                "%" PRIu64 " in, %" PRIu64 " out, %" PRIu64 " computed, %" PRIu64 " from the store, %" PRIu64
                " repeated, %" PRIu64 " prompts cut, %" PRIu64 " completions cut, %" PRIu64
                " overlong dropped, %" PRIu64 " rejected",
                n->in, n->out, n->computed, n->stored, n->repeated, n->cuts.prompts, n->cuts.completions,
                n->cuts.dropped, n->rejected);
}

int main(int argc, char **argv) {
    struct refcache r = {.cache.limits = {.bos = true, .eos = true}, .kto_batch = 32};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-refcache",
                                  .usage = "-m MODEL [options] [FILE...]",
                                  .about = "Adds the log-probs under a reference model to records.",
                                  .options = options,
                                  .count = add_options(options, &r),
                                  .computes = true};
    struct bco_error err = {0};
    int done = cli_parse(&r.cli, &tool, argc, argv, false);
    if (done < 0) done = check_usage(&r);
    if (done >= 0) return done;
    enum bco_code code = open_all(&r, &err);
    if (code == BCO_OK) code = bco_refcache_run(&r.cache, &r.cli.watch, &r.counts, &err);
    code = close_all(&r, code, &err);
    if (code == BCO_OK) summary(&r);
    return cli_finish(&r.cli, code, &err);
}

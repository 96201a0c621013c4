/* bco-train: records with reference log-probs in, a trained model out. */
#include "common/cli.h"
#include "common/precision.h"

#include <bco/train.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct train {
    struct cli cli;
    struct bco_train_options options;
    struct bco_dataset_options data_options;
    const char *model_path, *adapter, *lora, *lora_targets, *valid_path, *adam_betas, *chat_file;
    uint64_t lora_rank;
    double lora_alpha;
    bool head, beta_given, lr_given, dtype_given;
    bool made; /* OUT was not there */
    uint64_t max_length, max_prompt, batch, micro_tokens, micro_records, keep;
    bool shift_given, decay_given;
    int loss, shift, schedule, overlong, order, init, precision, dtype, stop_on, recompute;
    struct bco_model *model;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_writer *rejects;
    struct bco_dataset *data, *valid;
    struct bco_train_result result;
};

enum { MAX_OPTIONS = 64, MOST_RANK = 65536 };

static size_t copy_options(struct cli_option *to, const struct cli_option *from, size_t bytes) {
    memcpy(to, from, bytes);
    return bytes / sizeof *from;
}

static size_t add_method(struct cli_option *to, struct train *t) {
    struct bco_train_options *o = &t->options;
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &t->model_path, "MODEL", "the model folder to start from", NULL, 0, 0, NULL},
        {"output", 'o', CLI_TEXT, &t->cli.output, "OUT", "the model folder to make", NULL, 0, 0, NULL},
        {"loss", 0, CLI_CHOICE, &t->loss, "LOSS", "bco, bce, kto, dpo, ipo, nca or sft [bco]",
         "bco|bce|kto|dpo|ipo|nca|sft", 0, 0, NULL},
        {"beta", 0, CLI_REAL, &o->beta, "X", "reward = beta*(logp - ref_logp) [0.1]", NULL, 1e-300, 1e300,
         &t->beta_given},
        {"up-weight", 0, CLI_REAL, &o->up_weight, "X", "factor on the losses of ups [1]", NULL, 0, 1e300, NULL},
        {"down-weight", 0, CLI_REAL, &o->down_weight, "X", "factor on the losses of downs [1]", NULL, 0, 1e300, NULL},
        {"sft-weight", 0, CLI_REAL, &o->sft_weight, "X", "factor of the ups' mean -logp a token, added to the loss [0]",
         NULL, 0, 1e300, NULL},
        {"shift", 0, CLI_CHOICE, &t->shift, "RULE", "ema, batch, running, cumulative or none [ema]",
         "ema|batch|running|cumulative|none", 0, 0, &t->shift_given},
        {"shift-decay", 0, CLI_REAL, &o->shift_decay, "X", "of ema [0.99]", NULL, 0, 1, &t->decay_given},
        {"adapter", 'a', CLI_TEXT, &t->adapter, "DIR",
         "go on from this LoRA adapter of MODEL; with --lora, put a new one on top of it", NULL, 0, 0, NULL},
        {"lora", 0, CLI_TEXT, &t->lora, "R[:ALPHA]",
         "train a new LoRA adapter of rank R, scaled by ALPHA/R [off; ALPHA=2R]", NULL, 0, 0, NULL},
        {"lora-targets", 0, CLI_TEXT, &t->lora_targets, "NAMES", "its modules, as in q_proj,v_proj [all linear layers]",
         NULL, 0, 0, NULL},
        {"head", 0, CLI_FLAG, &t->head, NULL,
         "train a classifier, whose score at the last token is the reward; with bco or bce", NULL, 0, 0, NULL},
        {"init", 0, CLI_CHOICE, &t->init, "HOW", "given weights, or random ones [given]", "given|random", 0, 0, NULL},
        {"precision", 0, CLI_CHOICE, &t->precision, "WHAT", "of matrix products: f32 or bf16 [f32]", PRECISION_WORDS, 0,
         0, NULL},
        {"allow-mixed", 0, CLI_FLAG, &t->data_options.allow_mixed, NULL,
         "accept reference log-probs of the other precision", NULL, 0, 0, NULL},
        {"dtype", 0, CLI_CHOICE, &t->dtype, "TYPE", "of what is written: f32, bf16 or f16 [MODEL's; an adapter: f32]",
         "f32|bf16|f16", 0, 0, &t->dtype_given},
    };
    return copy_options(to, options, sizeof options);
}

static size_t add_limits(struct cli_option *to, struct train *t) {
    struct bco_dataset_options *d = &t->data_options;
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "Limits: those of ref_id; with sft, as in bco-refcache", NULL, 0, 0, NULL},
        {"ids", 0, CLI_FLAG, &d->limits.ids, NULL, "records carry prompt_ids and completion_ids; used as they are",
         NULL, 0, 0, NULL},
        {"max-length", 0, CLI_COUNT, &t->max_length, "N", "tokens of prompt and completion", NULL, 2, 1e9,
         &d->max_length_given},
        {"max-prompt", 0, CLI_COUNT, &t->max_prompt, "N", "tokens of a prompt that had to be cut", NULL, 1, 1e9,
         &d->max_prompt_given},
        {"overlong", 0, CLI_CHOICE, &t->overlong, "WHAT", "truncate, drop or error", "truncate|drop|error", 0, 0,
         &d->overlong_given},
        {"chat-template", 0, CLI_TEXT, &t->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, NULL},
        {"strict-template", 0, CLI_FLAG, &d->limits.strict_template, NULL,
         "a prompt that is no prefix of the whole conversation is an error", NULL, 0, 0, NULL},
        {"no-bos", 0, CLI_UNFLAG, &d->limits.bos, NULL, "no BOS before the prompt", NULL, 0, 0, &d->bos_given},
        {"no-eos", 0, CLI_UNFLAG, &d->limits.eos, NULL, "no EOS behind the completion", NULL, 0, 0, &d->eos_given},
    };
    return copy_options(to, options, sizeof options);
}

static size_t add_optimizer(struct cli_option *to, struct train *t) {
    struct bco_train_options *o = &t->options;
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "Steps", NULL, 0, 0, NULL},
        {"epochs", 0, CLI_REAL, &o->epochs, "X", "[1]", NULL, 1e-9, 1e9, NULL},
        {"steps", 0, CLI_COUNT, &o->steps, "N", "optimizer steps [from epochs]", NULL, 1, 1e15, NULL},
        {"batch", 0, CLI_COUNT, &t->batch, "N", "records an optimizer step [32]", NULL, 1, 1e9, NULL},
        {"micro-tokens", 0, CLI_COUNT, &t->micro_tokens, "N",
         "tokens that go through the model at once [up to 2048, from the memory they take]", NULL, 1, 1e9, NULL},
        {"micro-records", 0, CLI_COUNT, &t->micro_records, "N",
         "records that do so at most [as many as are of those tokens]", NULL, 1, 1e9, NULL},
        {"recompute", 0, CLI_CHOICE, &t->recompute, "WHEN",
         "compute activations again instead of keeping them: auto, on or off [auto]", "auto|on|off", 0, 0, NULL},
        {"max-memory", 0, CLI_COUNT, &o->max_memory, "SIZE", "that the run may take, as in 6G [80 % of what is free]",
         NULL, 1, 1e18, NULL},
        {"lr", 0, CLI_REAL, &o->learning_rate, "X", "learning rate [5e-7; 1e-4 for an adapter]", NULL, 0, 1e300,
         &t->lr_given},
        {"schedule", 0, CLI_CHOICE, &t->schedule, "HOW", "linear, cosine or constant [linear]",
         "linear|cosine|constant", 0, 0, NULL},
        {"warmup", 0, CLI_REAL, &o->warmup, "X", "a share below 1, steps from 1 on [0.1]", NULL, 0, 1e15, NULL},
        {"weight-decay", 0, CLI_REAL, &o->optimizer.weight_decay, "X", "on matrices [0]", NULL, 0, 1e300, NULL},
        {"adam-betas", 0, CLI_TEXT, &t->adam_betas, "X,Y", "[0.9,0.999]", NULL, 0, 0, NULL},
        {"adam-eps", 0, CLI_REAL, &o->optimizer.epsilon, "X", "[1e-8]", NULL, 0, 1e300, NULL},
        {"clip", 0, CLI_REAL, &o->optimizer.clip, "X", "greatest norm of the gradient; 0: any [1]", NULL, 0, 1e300,
         NULL},
        {"seed", 0, CLI_COUNT, &o->seed, "N", "of the order, and of random weights [0]", NULL, 0, 0, NULL},
        {"order", 0, CLI_CHOICE, &t->order, "HOW", "shuffle, given, or prompts: those of a prompt together [shuffle]",
         "shuffle|given|prompts", 0, 0, NULL},
    };
    return copy_options(to, options, sizeof options);
}

static size_t add_run(struct cli_option *to, struct train *t) {
    struct bco_train_options *o = &t->options;
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "The run", NULL, 0, 0, NULL},
        {"valid", 0, CLI_TEXT, &t->valid_path, "FILE", "records to evaluate on", NULL, 0, 0, NULL},
        {"eval-every", 0, CLI_COUNT, &o->eval_every, "N", "steps between evaluations [each epoch]", NULL, 1, 1e15,
         NULL},
        {"stop-patience", 0, CLI_COUNT, &o->stop_patience, "N",
         "stop after N evaluations without a better one; keep the best weights [off]", NULL, 1, 1e15, NULL},
        {"stop-on", 0, CLI_CHOICE, &t->stop_on, "WHAT", "what is better: a lower loss, or a higher accuracy [loss]",
         "loss|accuracy", 0, 0, NULL},
        {"save-every", 0, CLI_COUNT, &o->save_every, "N", "steps between checkpoints [off]", NULL, 1, 1e15, NULL},
        {"keep", 0, CLI_COUNT, &t->keep, "N", "checkpoints that stay [2]", NULL, 1, 1e9, NULL},
        {"resume", 0, CLI_FLAG, &o->resume, NULL, "go on from the newest checkpoint in OUT", NULL, 0, 0, NULL},
        {"metrics", 0, CLI_TEXT, &o->metrics, "FILE", "[OUT/metrics.jsonl]", NULL, 0, 0, NULL},
    };
    return copy_options(to, options, sizeof options);
}

static size_t add_options(struct cli_option *to, struct train *t) {
    size_t count = add_method(to, t);
    count += add_limits(to + count, t);
    count += add_optimizer(to + count, t);
    return count + add_run(to + count, t);
}

static void set_defaults(struct train *t) {
    bco_train_defaults(&t->options);
    t->batch = t->options.batch;
    t->keep = t->options.keep;
    t->data_options.limits.bos = t->data_options.limits.eos = true;
}

static bool parse_betas(struct train *t) {
    struct bco_optimizer_options *o = &t->options.optimizer;
    char end;
    if (!t->adam_betas) return true;
    return sscanf(t->adam_betas, "%lf,%lf%c", &o->beta1, &o->beta2, &end) == 2 && o->beta1 >= 0 && o->beta1 < 1 &&
           o->beta2 >= 0 && o->beta2 < 1;
}

/* R or R:ALPHA. */
static bool parse_lora(struct train *t) {
    char colon, end;
    if (!t->lora) return true;
    if (strspn(t->lora, "0123456789") == 0) return false;
    int got = sscanf(t->lora, "%9" SCNu64 "%c%lf%c", &t->lora_rank, &colon, &t->lora_alpha, &end);
    if (got == 1) t->lora_alpha = 2 * (double)t->lora_rank;
    return t->lora_rank >= 1 && t->lora_rank <= MOST_RANK && (got == 1 || (got == 3 && colon == ':')) &&
           isfinite(t->lora_alpha) && t->lora_alpha > 0;
}

/* -1: go on. */
static int check_adapter(struct train *t) {
    bool adapts = t->lora || t->adapter;
    if (!parse_lora(t))
        return cli_usage(&t->cli, "--lora: got '%s', expected R or R:ALPHA, R from 1 to %d and ALPHA above 0", t->lora,
                         MOST_RANK);
    if (t->lora_targets && !t->lora) return cli_usage(&t->cli, "--lora-targets is for a new adapter, --lora R");
    if (t->init == 1 && adapts) return cli_usage(&t->cli, "--init random is for whole models, not for an adapter");
    if (t->lora_targets && strcmp(t->lora_targets, "all-linear") == 0) t->lora_targets = NULL;
    if (adapts && !t->lr_given) t->options.learning_rate = 1e-4;
    return -1;
}

/* -1: go on. */
static int check_head(const struct train *t) {
    const struct bco_train_options *o = &t->options;
    if (!t->head) return -1;
    if (o->loss != BCO_LOSS_BCO && o->loss != BCO_LOSS_BCE)
        return cli_usage(&t->cli, "--head learns by the losses bco and bce, not by %s", bco_loss_name(o->loss));
    if (t->beta_given) return cli_usage(&t->cli, "--beta is for implicit rewards: those of --head are its scores");
    if (o->sft_weight > 0) return cli_usage(&t->cli, "--sft-weight needs log-probs: a model with --head has none");
    return -1;
}

/* The last part of a path, for the model card. */
static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Only bco has a shift, only ema a decay, and sft no rewards. -1: go on. */
static int check_loss(const struct train *t) {
    enum bco_loss loss = (enum bco_loss)t->loss;
    enum bco_shift_rule rule = (enum bco_shift_rule)t->shift;
    if (loss != BCO_LOSS_BCO && t->shift_given && rule != BCO_SHIFT_NONE)
        return cli_usage(&t->cli, "--shift: the loss %s has no shift, bco alone", bco_loss_name(loss));
    if (t->beta_given && loss == BCO_LOSS_SFT) return cli_usage(&t->cli, "--beta: the loss sft has no rewards");
    if (t->decay_given && (loss != BCO_LOSS_BCO || rule != BCO_SHIFT_EMA))
        return cli_usage(&t->cli, "--shift-decay is of --shift ema, with the loss bco");
    return -1;
}

static void put(char *to, size_t at, char c) {
    if (to) to[at] = c;
}

/* Bare where a shell leaves it alone, else between single quotes. `to` NULL: only counts. */
static size_t quote(const char *word, char *to) {
    static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:=+@%";
    bool quoted = !*word || word[strspn(word, bare)];
    size_t n = 0;
    if (quoted) put(to, n++, '\'');
    for (; *word; word++) {
        for (const char *c = *word == '\'' ? "'\\''" : ""; *c; c++) put(to, n++, *c);
        if (*word != '\'') put(to, n++, *word);
    }
    if (quoted) put(to, n++, '\'');
    return n;
}

/* The command as a shell takes it, or NULL; the caller frees it. */
static char *command_line(int argc, char **argv) {
    size_t size = sizeof "bco-train", n = sizeof "bco-train" - 1;
    for (int i = 1; i < argc; i++) size += quote(argv[i], NULL) + 1;
    char *line = malloc(size);
    if (!line) return NULL;
    memcpy(line, "bco-train", n);
    for (int i = 1; i < argc; i++) {
        line[n++] = ' ';
        n += quote(argv[i], line + n);
    }
    line[n] = '\0';
    return line;
}

static double mib(uint64_t bytes) {
    return (double)bytes / 0x1p20;
}

static void tell_memory(void *user, const struct bco_train_memory *m) {
    const struct train *t = user;
    char limit[32] = "";
    if (m->limit != UINT64_MAX) snprintf(limit, sizeof limit, " of %.0f", mib(m->limit));
    cli_warn(&t->cli,
             "memory: %.0f MiB%s: weights %.0f, gradients %.0f, moments %.0f%s, activations %.0f, logits %.0f, "
             "records %.0f, the rest %.0f; %zu tokens at once%s",
             mib(m->peak), limit, mib(m->weights), mib(m->gradients), mib(m->moments + m->best),
             m->best ? " with the best weights" : "", mib(m->activations), mib(m->logits), mib(m->records),
             mib(m->rest), m->micro_tokens, m->recompute ? ", activations recomputed" : "");
}

static void take_options(struct train *t) {
    struct bco_train_options *o = &t->options;
    static const enum bco_dtype types[] = {BCO_DTYPE_F32, BCO_DTYPE_BF16, BCO_DTYPE_F16};
    struct bco_limits *limits = &t->data_options.limits;
    o->loss = t->data_options.loss = (enum bco_loss)t->loss;
    o->shift = (enum bco_shift_rule)t->shift;
    o->schedule = (enum bco_schedule)t->schedule;
    if (t->dtype_given) o->dtype = types[t->dtype];
    o->stop_on_accuracy = t->stop_on == 1;
    o->batch = (size_t)t->batch;
    o->micro_tokens = (size_t)t->micro_tokens;
    o->micro_records = (size_t)t->micro_records;
    o->recompute = (enum bco_recompute)t->recompute;
    o->keep = (size_t)t->keep;
    o->on_memory = tell_memory;
    o->user = t;
    o->order = (enum bco_order)t->order;
    o->out = t->data_options.spool = t->cli.output;
    o->name = last_part(t->model_path);
    limits->max_length = (size_t)t->max_length;
    limits->max_prompt = (size_t)t->max_prompt;
    limits->overlong = (enum bco_overlong)t->overlong;
}

/* -1: go on. */
static int check_usage(struct train *t) {
    struct bco_train_options *o = &t->options;
    if (!t->model_path) return cli_usage(&t->cli, "-m MODEL is missing");
    if (!t->cli.output) return cli_usage(&t->cli, "-o OUT is missing");
    if (!parse_betas(t))
        return cli_usage(&t->cli, "--adam-betas: got '%s', expected X,Y from 0 to below 1", t->adam_betas);
    take_options(t);
    if (o->eval_every && !t->valid_path) cli_warn(&t->cli, "--eval-every has nothing to evaluate without --valid FILE");
    if (o->stop_patience && !t->valid_path) return cli_usage(&t->cli, "--stop-patience needs --valid FILE");
    if (t->stop_on && !o->stop_patience) return cli_usage(&t->cli, "--stop-on needs --stop-patience N");
    if (t->stop_on && o->loss == BCO_LOSS_SFT)
        return cli_usage(&t->cli, "--stop-on accuracy: the loss sft has no accuracy");
    int done = check_loss(t);
    if (done < 0) done = check_head(t);
    return done < 0 ? check_adapter(t) : done;
}

static enum bco_code open_model(struct train *t, struct bco_error *err) {
    const struct bco_model_options options = {.threads = t->cli.threads,
                                              .trainable = true,
                                              .init_random = t->init == 1,
                                              .seed = t->options.seed,
                                              .adapter = t->adapter,
                                              .lora_rank = (size_t)t->lora_rank,
                                              .lora_alpha = t->lora_alpha,
                                              .lora_targets = t->lora_targets,
                                              .head = t->head,
                                              .precision = cli_precision(&t->cli, t->precision)};
    enum bco_code code = bco_train_prepare(&t->options, &t->made, err);
    if (code == BCO_OK) code = bco_model_open(&t->model, t->model_path, &options, err);
    if (code == BCO_OK && !t->head && bco_model_is_classifier(t->model)) {
        *err = (struct bco_error){.code = code = BCO_EUSAGE, .message = "is a classifier, which --head trains"};
        snprintf(err->file, sizeof err->file, "%s", t->adapter ? t->adapter : t->model_path);
    }
    if (code == BCO_OK && !t->data_options.limits.ids) code = bco_tokenizer_open(&t->tokenizer, t->model_path, err);
    if (code == BCO_OK && !t->data_options.limits.ids)
        code = bco_template_open(&t->chat, t->model_path, t->chat_file, err);
    t->data_options.limits.chat = t->chat;
    if (code == BCO_OK && t->cli.rejects) code = bco_writer_open(&t->rejects, t->cli.rejects, err);
    return code;
}

static enum bco_code read_data(struct train *t, struct bco_dataset **data, const char *const *paths, size_t count,
                               struct bco_error *err) {
    struct bco_reader *reader = NULL;
    enum bco_code code = bco_reader_open(&reader, paths, count, NULL, err);
    if (code == BCO_OK)
        code = bco_dataset_read(data, reader, t->rejects, t->model, t->tokenizer, &t->data_options, &t->cli.watch, err);
    bco_reader_close(reader);
    return code;
}

static enum bco_code run(struct train *t, struct bco_error *err) {
    enum bco_code code = open_model(t, err);
    if (code == BCO_OK) code = read_data(t, &t->data, t->cli.arguments, t->cli.argument_count, err);
    if (code == BCO_OK && t->valid_path) code = read_data(t, &t->valid, &t->valid_path, 1, err);
    if (code == BCO_OK && t->rejects) {
        code = bco_writer_close(t->rejects, err);
        t->rejects = NULL;
    }
    if (code == BCO_OK) code = bco_train(t->model, t->data, t->valid, &t->options, &t->cli.watch, &t->result, err);
    return code;
}

static void summary(const struct train *t) {
    struct bco_dataset_counts n = bco_dataset_counts(t->data);
    if (t->result.was_finished) {
        cli_summary(&t->cli, "finished before: nothing to do");
        return;
    }
    if (n.cuts.parted)
        cli_warn(&t->cli, "%" PRIu64 " prompts are rendered otherwise alone: cut where they part from the whole",
                 n.cuts.parted);
    if (t->cli.verbose && t->result.memory_peak > 0)
        cli_warn(&t->cli, "memory used: %.0f MiB of the %.0f foreseen", mib(t->result.memory_peak),
                 mib(t->result.memory.peak));
    cli_summary(&t->cli,
                "%" PRIu64 " records (%" PRIu64 " up, %" PRIu64 " down), %" PRIu64 " skipped, %" PRIu64
                " prompts cut, %" PRIu64 " completions cut, %" PRIu64 " overlong dropped, %" PRIu64
                " rejected, %" PRIu64 " steps, loss %.4g",
                n.records, n.up, n.down, n.skipped, n.cuts.prompts, n.cuts.completions, n.cuts.dropped, n.rejected,
                t->result.steps, t->result.last.loss);
}

/* A folder that was made in vain goes; one that holds something stays. */
static void close_all(struct train *t, enum bco_code code) {
    bco_writer_discard(t->rejects);
    bco_dataset_close(t->data);
    bco_dataset_close(t->valid);
    bco_template_close(t->chat);
    bco_tokenizer_close(t->tokenizer);
    bco_model_close(t->model);
    if (code != BCO_OK && t->made) rmdir(t->options.out);
}

int main(int argc, char **argv) {
    struct train t = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-train",
                                  .usage = "-m MODEL -o OUT [options] [FILE...]",
                                  .about = "Trains a model on thumbs-up and thumbs-down records.",
                                  .options = options,
                                  .count = add_options(options, &t),
                                  .computes = true};
    struct bco_error err = {0};
    set_defaults(&t);
    char *command = command_line(argc, argv);
    t.options.command = command;
    int done = cli_parse(&t.cli, &tool, argc, argv, true);
    if (done < 0) done = check_usage(&t);
    enum bco_code code = done < 0 ? run(&t, &err) : BCO_OK;
    if (done < 0 && code == BCO_OK) summary(&t);
    close_all(&t, code);
    free(command);
    if (done >= 0) return done;
    return cli_finish(&t.cli, code, &err);
}

/* bco-reward: records in, the same with rewards out; or what the rewards are worth. */
#include "common/cli.h"
#include "common/fields.h"
#include "common/precision.h"

#include <bco/reward.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct cli cli;
    const char *model_path, *adapter, *chat_file;
    uint64_t max_length, max_prompt, batch_tokens;
    int overlong, precision;
    bool summary, json, beta_given;
    double threshold;
    struct bco_reward reward;
    struct bco_model *model;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_writer *out; /* records, or the summary */
    struct bco_reward_counts counts;
};

/* ---- the summary -------------------------------------------------------------------- */

/* A number of the table, or a dash. */
static const char *show(char text[32], const char *format, double value) {
    snprintf(text, 32, format, value);
    return isnan(value) ? "-" : text;
}

static enum bco_code put(struct bco_writer *out, struct bco_error *err, const char *format, ...) BCO_PRINTF(3, 4);
static enum bco_code put(struct bco_writer *out, struct bco_error *err, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return bco_writer_bytes(out, line, (size_t)length, err);
}

static enum bco_code put_number(struct bco_writer *out, const char *name, const char *format, double value,
                                struct bco_error *err) {
    char text[32];
    return put(out, err, "%-26s %10s\n", name, show(text, format, value));
}

static enum bco_code write_labels(struct bco_writer *out, const struct bco_scores_summary *s, struct bco_error *err) {
    const struct {
        const char *name, *format;
        double value;
    } rows[] = {{"labelled records", "%.0f", (double)s->n},
                {"  up", "%.0f", (double)s->up},
                {"  down", "%.0f", (double)s->down},
                {"mean reward of ups", "%.4f", s->reward_up},
                {"mean reward of downs", "%.4f", s->reward_down},
                {"threshold", "%.4g", s->threshold},
                {"accuracy", "%.4f", s->accuracy},
                {"AUC", "%.4f", s->auc},
                {"best threshold", "%.4g", s->best_threshold},
                {"accuracy there", "%.4f", s->best_accuracy},
                {"calibration error (ECE)", "%.4f", s->ece}};
    char p[32], up[32];
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < sizeof rows / sizeof *rows; i++)
        code = put_number(out, rows[i].name, rows[i].format, rows[i].value, err);
    if (!code) code = put(out, err, "%-26s %10s %10s %10s\n", "P(up) by the reward", "records", "mean P", "share up");
    for (int i = 0; !code && i < BCO_RELIABILITY_BINS; i++)
        code = put(out, err, "  %.1f to %.1f %24" PRIu64 " %10s %10s\n", i / 10.0, (i + 1) / 10.0, s->bins[i].n,
                   show(p, "%.3f", s->bins[i].p), show(up, "%.3f", s->bins[i].up));
    return code;
}

static enum bco_code write_pairs(struct bco_writer *out, const struct bco_scores_summary *s, struct bco_error *err) {
    enum bco_code code = put_number(out, "pairs", "%.0f", (double)s->pairs, err);
    if (!code) code = put_number(out, "  equal rewards", "%.0f", (double)s->pair_ties, err);
    if (!code) code = put_number(out, "accuracy", "%.4f", s->pair_accuracy, err);
    return code ? code : put_number(out, "mean margin", "%.4f", s->pair_margin, err);
}

/* The bins as a JSON list in `text`. */
static void list_bins(const struct bco_scores_summary *s, char *text, size_t size) {
    size_t length = 0;
    for (int i = 0; i < BCO_RELIABILITY_BINS; i++) {
        const struct bco_reliability *b = &s->bins[i];
        char p[32], up[32];
        snprintf(p, sizeof p, b->n ? "%.9g" : "null", b->p);
        snprintf(up, sizeof up, b->n ? "%.9g" : "null", b->up);
        length += (size_t)snprintf(text + length, size - length,
                                   "%s{\"low\":%g,\"high\":%g,\"n\":%" PRIu64 ",\"p\":%s,\"up\":%s}", i ? "," : "[",
                                   i / 10.0, (i + 1) / 10.0, b->n, p, up);
    }
    snprintf(text + length, size - length, "]");
}

static enum bco_code write_json(struct bco_writer *out, const struct bco_scores_summary *s, struct bco_error *err) {
    const struct cli_field fields[] = {{"n", (double)s->n},
                                       {"up", (double)s->up},
                                       {"down", (double)s->down},
                                       {"reward_up", s->reward_up},
                                       {"reward_down", s->reward_down},
                                       {"threshold", s->threshold},
                                       {"accuracy", s->accuracy},
                                       {"auc", s->auc},
                                       {"best_threshold", s->best_threshold},
                                       {"best_accuracy", s->best_accuracy},
                                       {"ece", s->ece}};
    const struct cli_field pairs[] = {{"pairs", (double)s->pairs},
                                      {"pair_ties", (double)s->pair_ties},
                                      {"pair_accuracy", s->pair_accuracy},
                                      {"pair_margin", s->pair_margin}};
    char bins[2048];
    struct bco_record *row = NULL;
    list_bins(s, bins, sizeof bins);
    enum bco_code code = bco_record_parse(&row, NULL, 0, err);
    if (!code) code = cli_set_fields(row, fields, CLI_COUNT_OF(fields), err);
    if (!code) code = bco_record_set_json(row, "reliability", bins, strlen(bins), err);
    if (!code) code = cli_set_fields(row, pairs, CLI_COUNT_OF(pairs), err);
    if (!code) code = bco_writer_record(out, row, err);
    bco_record_free(row);
    return code;
}

/* On stderr beside the records, in a line or two. */
static void tell(const struct settings *s, const struct bco_scores_summary *n) {
    char accuracy[32], auc[32], ece[32];
    if (n->n)
        cli_warn(&s->cli, "%" PRIu64 " labelled: accuracy %s, AUC %s, calibration error %s", n->n,
                 show(accuracy, "%.4f", n->accuracy), show(auc, "%.4f", n->auc), show(ece, "%.4f", n->ece));
    if (n->pairs)
        cli_warn(&s->cli, "%" PRIu64 " pairs: accuracy %.4f, mean margin %.4f", n->pairs, n->pair_accuracy,
                 n->pair_margin);
}

static enum bco_code write_summary(const struct settings *s, struct bco_error *err) {
    struct bco_scores_summary n;
    enum bco_code code = bco_scores_summarise(s->reward.scores, s->threshold, &n, err);
    if (!code && !s->summary) tell(s, &n);
    if (code || !s->summary) return code;
    if (!n.n && !n.pairs) {
        *err = (struct bco_error){.code = BCO_EDATA, .message = "no record has a label, and none is a pair"};
        return BCO_EDATA;
    }
    if (s->json) return write_json(s->out, &n, err);
    if (n.n) code = write_labels(s->out, &n, err);
    return !code && n.pairs ? write_pairs(s->out, &n, err) : code;
}

/* ---- the run -------------------------------------------------------------------------- */

static enum bco_code open_all(struct settings *s, struct bco_error *err) {
    const struct bco_model_options options = {
        .threads = s->cli.threads, .adapter = s->adapter, .precision = cli_precision(&s->cli, s->precision)};
    struct bco_reward *r = &s->reward;
    enum bco_code code = bco_model_open(&s->model, s->model_path, &options, err);
    if (!code && s->beta_given && bco_model_is_classifier(s->model)) {
        *err = (struct bco_error){.code = code = BCO_EUSAGE,
                                  .message = "--beta is for implicit rewards, but the model is a classifier"};
        snprintf(err->file, sizeof err->file, "%s", s->model_path);
    }
    if (!code && !r->limits.ids) code = bco_tokenizer_open(&s->tokenizer, s->model_path, err);
    if (!code && !r->limits.ids) code = bco_template_open(&s->chat, s->model_path, s->chat_file, err);
    r->limits.chat = s->chat;
    if (!code) code = bco_scores_new(&r->scores, err);
    if (!code) code = bco_reader_open(&r->reader, s->cli.arguments, s->cli.argument_count, NULL, err);
    if (!code) code = bco_writer_open(&s->out, s->cli.output, err);
    if (!code && s->cli.rejects) code = bco_writer_open(&r->rejects, s->cli.rejects, err);
    r->model = s->model;
    r->tokenizer = s->tokenizer;
    r->writer = s->summary ? NULL : s->out;
    return code;
}

static enum bco_code close_all(struct settings *s, enum bco_code code, struct bco_error *err) {
    struct bco_reward *r = &s->reward;
    if (!code && r->rejects) {
        code = bco_writer_close(r->rejects, err);
        r->rejects = NULL;
    }
    if (!code) {
        code = bco_writer_close(s->out, err);
        s->out = NULL;
    }
    bco_writer_discard(r->rejects);
    bco_writer_discard(s->out);
    bco_reader_close(r->reader);
    bco_scores_free(r->scores);
    bco_template_close(s->chat);
    bco_tokenizer_close(s->tokenizer);
    bco_model_close(s->model);
    return code;
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    enum bco_code code = open_all(s, err);
    if (!code) code = bco_reward_run(&s->reward, &s->cli.watch, &s->counts, err);
    if (!code) code = write_summary(s, err);
    code = close_all(s, code, err);
    const struct bco_reward_counts *n = &s->counts;
    if (!code && n->cuts.parted)
        cli_warn(&s->cli, "%" PRIu64 " prompts are rendered otherwise alone: cut where they part from the whole",
                 n->cuts.parted);
    if (!code)
        cli_summary(&s->cli,
                    "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " up, %" PRIu64 " down, %" PRIu64 " pairs), %" PRIu64
                    " prompts cut, %" PRIu64 " completions cut, %" PRIu64 " overlong dropped, %" PRIu64 " rejected",
                    n->in, n->out, n->up, n->down, n->pairs, n->cuts.prompts, n->cuts.completions, n->cuts.dropped,
                    n->rejected);
    return code;
}

/* -1: go on. */
static int check_usage(struct settings *s) {
    if (!s->model_path) return cli_usage(&s->cli, "-m MODEL is missing");
    if (s->json && !s->summary) return cli_usage(&s->cli, "--json is a form of --summary, which is missing");
    s->reward.limits.max_length = (size_t)s->max_length;
    s->reward.limits.max_prompt = (size_t)s->max_prompt;
    s->reward.limits.overlong = (enum bco_overlong)s->overlong;
    s->reward.batch_tokens = (size_t)s->batch_tokens;
    return -1;
}

enum { MAX_OPTIONS = 24 };

static size_t add_options(struct cli_option *to, struct settings *s) {
    struct bco_reward *r = &s->reward;
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &s->model_path, "MODEL", "a model folder; a classifier gives its head's score", NULL,
         0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &s->adapter, "DIR", "MODEL with this LoRA adapter", NULL, 0, 0, NULL},
        {"beta", 0, CLI_REAL, &r->beta, "X", "reward = beta*(logp - ref_logp) [0.1]", NULL, 1e-300, 1e300,
         &s->beta_given},
        {"ids", 0, CLI_FLAG, &r->limits.ids, NULL, "records carry prompt_ids and completion_ids; used as they are",
         NULL, 0, 0, NULL},
        {"chat-template", 0, CLI_TEXT, &s->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, NULL},
        {"strict-template", 0, CLI_FLAG, &r->limits.strict_template, NULL,
         "a prompt that is no prefix of the whole conversation is an error", NULL, 0, 0, NULL},
        {"precision", 0, CLI_CHOICE, &s->precision, "WHAT", "of matrix products: f32 or bf16 [f32]", PRECISION_WORDS, 0,
         0, NULL},
        {"allow-mixed", 0, CLI_FLAG, &r->allow_mixed, NULL, "accept reference log-probs of the other precision", NULL,
         0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "What the rewards are worth", NULL, 0, 0, NULL},
        {"summary", 0, CLI_FLAG, &s->summary, NULL, "that alone, instead of the records", NULL, 0, 0, NULL},
        {"json", 0, CLI_FLAG, &s->json, NULL, "the summary as one JSON object", NULL, 0, 0, NULL},
        {"threshold", 0, CLI_REAL, &s->threshold, "X", "a reward above it means up; delta fits after bco [0]", NULL, 0,
         0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Limits: those of ref_id; else as in bco-refcache", NULL, 0, 0, NULL},
        {"max-length", 0, CLI_COUNT, &s->max_length, "N", "tokens of prompt and completion", NULL, 2, 1e9,
         &r->max_length_given},
        {"max-prompt", 0, CLI_COUNT, &s->max_prompt, "N", "tokens of a prompt that had to be cut", NULL, 1, 1e9,
         &r->max_prompt_given},
        {"overlong", 0, CLI_CHOICE, &s->overlong, "WHAT", "truncate, drop or error", "truncate|drop|error", 0, 0,
         &r->overlong_given},
        {"no-bos", 0, CLI_UNFLAG, &r->limits.bos, NULL, "no BOS before the prompt", NULL, 0, 0, &r->bos_given},
        {"no-eos", 0, CLI_UNFLAG, &r->limits.eos, NULL, "no EOS behind the completion", NULL, 0, 0, &r->eos_given},
        {"batch-tokens", 0, CLI_COUNT, &s->batch_tokens, "N", "tokens computed at once [4096]", NULL, 1, 1e9, NULL},
    };
    size_t count = sizeof options / sizeof *options;
    memcpy(to, options, sizeof options);
    return count;
}

int main(int argc, char **argv) {
    struct settings s = {.reward.limits = {.bos = true, .eos = true}};
    struct bco_error err = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {"bco-reward", "-m MODEL [options] [FILE...]", "Adds a model's rewards to records.",
                                  options,      add_options(options, &s),       true};
    int status = cli_parse(&s.cli, &tool, argc, argv, false);
    if (status < 0) status = check_usage(&s);
    if (status >= 0) return status;
    return cli_finish(&s.cli, run(&s, &err), &err);
}

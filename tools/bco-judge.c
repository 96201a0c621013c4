/* bco-judge: two sets of completions in, verdicts out. */
#include "common/cli.h"
#include "common/precision.h"

#include <bco/judge.h>
#include <bco/refcache.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct cli cli;
    const char *model_path, *adapter, *chat_file;
    struct bco_judge_options options;
    struct bco_judge_model judge;
    uint64_t max_line, max_length, max_prompt, batch_tokens;
    int overlong, precision;
    bool both_orders;
    /* which were given */
    bool timeout, retries, max_answer, parallel;
    bool with_adapter, with_chat, with_max_length, with_max_prompt, with_overlong, with_precision, with_batch;
    struct bco_model *model;
    struct bco_tokenizer *tokenizer;
    struct bco_template *chat;
    struct bco_match *pairs;
    struct bco_writer *out;
    char *name;
};

/* ---- telling ------------------------------------------------------------------- */

static void warn(const struct settings *s, const struct bco_judge_counts *c) {
    uint64_t failed = c->late + c->ended + c->too_long + c->unasked + c->rubbish;
    if (failed)
        cli_warn(&s->cli,
                 "failed answers: %" PRIu64 " late, %" PRIu64 " ended, %" PRIu64 " too long, %" PRIu64
                 " with lines not asked for, %" PRIu64 " no verdict",
                 c->late, c->ended, c->too_long, c->unasked, c->rubbish);
    if (c->cuts.parted)
        cli_warn(&s->cli, "%" PRIu64 " prompts are rendered otherwise alone: cut where they part from the whole",
                 c->cuts.parted);
}

static void summarize(const struct settings *s, const struct bco_judge_counts *c) {
    char flips[64] = "", sides[96] = "", cuts[160] = "";
    if (!s->options.one_order) snprintf(flips, sizeof flips, ", %" PRIu64 " of %" PRIu64 " flips", c->flips, c->pairs);
    if (c->flips)
        snprintf(sides, sizeof sides, " (%" PRIu64 " to the first, %" PRIu64 " to the second)", c->first, c->second);
    if (s->model)
        snprintf(cuts, sizeof cuts,
                 ", %" PRIu64 " prompts cut, %" PRIu64 " completions cut, %" PRIu64 " overlong dropped",
                 c->cuts.prompts, c->cuts.completions, c->cuts.dropped);
    cli_summary(&s->cli,
                "%zu pairs in, %" PRIu64 " verdicts out (%" PRIu64 " a, %" PRIu64 " b, %" PRIu64 " tie, %" PRIu64
                " invalid)%s%s%s, %" PRIu64 " rejected",
                bco_match_count(s->pairs), c->verdicts, c->a, c->b, c->tie, c->invalid, flips, sides, cuts,
                bco_match_rejected(s->pairs) + c->rejected);
}

/* What is wrong when nothing is left to count. */
static enum bco_code check_counts(const struct bco_judge_counts *c, struct bco_error *err) {
    if (c->verdicts > c->invalid) return BCO_OK;
    *err = (struct bco_error){.code = BCO_EDATA, .message = "every pair was rejected: no verdict"};
    if (c->verdicts)
        snprintf(err->message, sizeof err->message, "no valid verdict, %" PRIu64 " invalid; the first: %s", c->invalid,
                 c->reason);
    return BCO_EDATA;
}

/* ---- the run --------------------------------------------------------------------- */

static enum bco_code open_model(struct settings *s, struct bco_error *err) {
    const struct bco_model_options options = {
        .threads = s->cli.threads, .adapter = s->adapter, .precision = cli_precision(&s->cli, s->precision)};
    struct bco_judge_model *j = &s->judge;
    if (!s->model_path) return BCO_OK;
    enum bco_code code = bco_model_open(&s->model, s->model_path, &options, err);
    if (!code && !bco_model_is_classifier(s->model)) {
        *err = (struct bco_error){.code = code = BCO_EDATA,
                                  .message = "is no classifier (*ForSequenceClassification): it gives no scores"};
        snprintf(err->file, sizeof err->file, "%s", s->model_path);
    }
    if (!code) code = bco_tokenizer_open(&s->tokenizer, s->model_path, err);
    if (!code) code = bco_template_open(&s->chat, s->model_path, s->chat_file, err);
    if (code) return code;
    j->model = s->model;
    j->tokenizer = s->tokenizer;
    j->limits.chat = s->chat;
    s->options.model = j;
    return bco_refcache_limits(&j->limits, s->model, s->tokenizer, err);
}

static enum bco_code judge(struct settings *s, struct bco_judge_counts *counts, struct bco_error *err) {
    enum bco_code code = open_model(s, err);
    if (!code && s->cli.rejects) code = bco_writer_open(&s->options.rejects, s->cli.rejects, err);
    if (!code) code = bco_match_open(&s->pairs, s->cli.arguments[0], s->cli.arguments[1], s->options.rejects, err);
    if (!code) code = bco_writer_open(&s->out, s->cli.output, err);
    return code ? code : bco_judge_pairs(s->pairs, &s->options, s->out, counts, &s->cli.watch, err);
}

static enum bco_code close_all(struct settings *s, enum bco_code code, struct bco_error *err) {
    if (!code && s->options.rejects) {
        code = bco_writer_close(s->options.rejects, err);
        s->options.rejects = NULL;
    }
    if (!code) {
        code = bco_writer_close(s->out, err);
        s->out = NULL;
    }
    bco_writer_discard(s->options.rejects);
    bco_writer_discard(s->out);
    bco_template_close(s->chat);
    bco_tokenizer_close(s->tokenizer);
    bco_model_close(s->model);
    return code;
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct bco_judge_counts counts = {0};
    enum bco_code code = judge(s, &counts, err);
    code = close_all(s, code, err);
    cli_die_if_asked();
    if (!code) warn(s, &counts);
    if (!code) code = check_counts(&counts, err); /* the verdicts are out: they tell why */
    if (!code) summarize(s, &counts);
    bco_match_close(s->pairs);
    free(s->name);
    return code;
}

/* ---- options ----------------------------------------------------------------------- */

/* What verdicts call the judge. */
static int name_judge(struct settings *s) {
    size_t size = 64 + strlen(s->model_path ? s->model_path : "") + strlen(s->adapter ? s->adapter : "") +
                  strlen(s->options.prefer ? s->options.prefer : "");
    if (s->options.command) return -1;
    if (!(s->name = malloc(size)))
        return cli_finish(&s->cli, BCO_ESYSTEM, &(struct bco_error){.message = "out of memory"});
    if (s->options.prefer)
        snprintf(s->name, size, "--prefer-regex %s", s->options.prefer);
    else
        snprintf(s->name, size, "--reward-model %s%s%s%s", s->model_path, s->adapter ? " -a " : "",
                 s->adapter ? s->adapter : "", s->precision ? " --precision bf16" : "");
    s->options.name = s->name;
    return -1;
}

/* An option of one judge with another one. */
static const char *misplaced(const struct settings *s, const char **judge) {
    const struct {
        bool given;
        const char *option, *judge;
    } table[] = {{s->timeout, "--timeout", "--command"},
                 {s->retries, "--retries", "--command"},
                 {s->max_answer, "--max-answer", "--command"},
                 {s->parallel, "--parallel", "--command"},
                 {s->with_adapter, "--adapter", "--reward-model"},
                 {s->with_chat, "--chat-template", "--reward-model"},
                 {s->judge.limits.strict_template, "--strict-template", "--reward-model"},
                 {s->with_max_length, "--max-length", "--reward-model"},
                 {s->with_max_prompt, "--max-prompt", "--reward-model"},
                 {s->with_overlong, "--overlong", "--reward-model"},
                 {!s->judge.limits.bos, "--no-bos", "--reward-model"},
                 {!s->judge.limits.eos, "--no-eos", "--reward-model"},
                 {s->with_precision, "--precision", "--reward-model"},
                 {s->with_batch, "--batch-tokens", "--reward-model"}};
    const char *chosen = s->options.command ? "--command" : s->model_path ? "--reward-model" : "--prefer-regex";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        *judge = table[i].judge;
        if (table[i].given && strcmp(chosen, table[i].judge) != 0) return table[i].option;
    }
    return NULL;
}

/* -1: go on. */
static int check_usage(struct settings *s) {
    const char *judge, *option;
    int judges = !!s->options.command + !!s->model_path + !!s->options.prefer;
    if (s->both_orders && s->options.one_order)
        return cli_usage(&s->cli, "--both-orders and --one-order exclude each other");
    if (judges == 0)
        return cli_usage(&s->cli, "no judge, expected --reward-model MODEL, --command CMD or --prefer-regex RE");
    if (judges > 1) return cli_usage(&s->cli, "--reward-model, --command and --prefer-regex exclude each other");
    if ((option = misplaced(s, &judge))) return cli_usage(&s->cli, "%s is for %s", option, judge);
    if (s->cli.argument_count != 2)
        return cli_usage(&s->cli, "two files of completions expected, got %zu", s->cli.argument_count);
    if (strcmp(s->cli.arguments[0], "-") == 0 && strcmp(s->cli.arguments[1], "-") == 0)
        return cli_usage(&s->cli, "A and B are both standard input");
    s->options.max_line = (size_t)s->max_line;
    s->judge.limits.max_length = (size_t)s->max_length;
    s->judge.limits.max_prompt = (size_t)s->max_prompt;
    s->judge.limits.overlong = (enum bco_overlong)s->overlong;
    s->judge.batch_tokens = (size_t)s->batch_tokens;
    return name_judge(s);
}

enum { MAX_OPTIONS = 28 };

static size_t add_options(struct cli_option *to, struct settings *s) {
    struct bco_judge_options *o = &s->options;
    struct bco_limits *l = &s->judge.limits;
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "The judge: one of these", NULL, 0, 0, NULL},
        {"reward-model", 0, CLI_TEXT, &s->model_path, "MODEL", "a classifier's folder: the greater score wins", NULL, 0,
         0, NULL},
        {"command", 0, CLI_TEXT, &o->command, "CMD", "a program: reads a question a line, writes a verdict a line",
         NULL, 0, 0, NULL},
        {"prefer-regex", 0, CLI_TEXT, &o->prefer, "RE", "the answer that matches wins; both or none: a tie", NULL, 0, 0,
         NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Orders", NULL, 0, 0, NULL},
        {"both-orders", 0, CLI_FLAG, &s->both_orders, NULL, "judge each pair as A, B and as B, A (the default)", NULL,
         0, 0, NULL},
        {"one-order", 0, CLI_FLAG, &o->one_order, NULL, "with A first only", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "With --command", NULL, 0, 0, NULL},
        {"parallel", 0, CLI_COUNT, &o->parallel, "N", "processes of it that share the pairs [1]", NULL, 1, 1024,
         &s->parallel},
        {"timeout", 0, CLI_REAL, &o->timeout, "X", "seconds an answer may take [60]", NULL, 1e-3, 1e9, &s->timeout},
        {"retries", 0, CLI_COUNT, &o->retries, "N", "times a question is asked again after no verdict [1]", NULL, 0, 0,
         &s->retries},
        {"max-answer", 0, CLI_COUNT, &s->max_line, "SIZE", "bytes an answer may have [1M]", NULL, 1, 1 << 30,
         &s->max_answer},
        {NULL, 0, CLI_FLAG, NULL, NULL, "With --reward-model", NULL, 0, 0, NULL},
        {"adapter", 'a', CLI_TEXT, &s->adapter, "DIR", "MODEL with this LoRA adapter", NULL, 0, 0, &s->with_adapter},
        {"chat-template", 0, CLI_TEXT, &s->chat_file, "FILE", "a Jinja template, for messages [the model's own]", NULL,
         0, 0, &s->with_chat},
        {"strict-template", 0, CLI_FLAG, &l->strict_template, NULL,
         "a prompt that is no prefix of the whole conversation is an error", NULL, 0, 0, NULL},
        {"max-length", 0, CLI_COUNT, &s->max_length, "N",
         "tokens of prompt and answer [1024, or the model's positions]", NULL, 2, 1e9, &s->with_max_length},
        {"max-prompt", 0, CLI_COUNT, &s->max_prompt, "N", "tokens of a prompt that had to be cut [half of max-length]",
         NULL, 1, 1e9, &s->with_max_prompt},
        {"overlong", 0, CLI_CHOICE, &s->overlong, "WHAT", "truncate, drop (an invalid verdict) or error [truncate]",
         "truncate|drop|error", 0, 0, &s->with_overlong},
        {"no-bos", 0, CLI_UNFLAG, &l->bos, NULL, "no BOS before the prompt", NULL, 0, 0, NULL},
        {"no-eos", 0, CLI_UNFLAG, &l->eos, NULL, "no EOS behind the answer", NULL, 0, 0, NULL},
        {"precision", 0, CLI_CHOICE, &s->precision, "WHAT", "of matrix products: f32 or bf16 [f32]", PRECISION_WORDS, 0,
         0, &s->with_precision},
        {"batch-tokens", 0, CLI_COUNT, &s->batch_tokens, "N", "tokens computed at once [4096]", NULL, 1, 1e9,
         &s->with_batch},
    };
    size_t count = sizeof options / sizeof *options;
    memcpy(to, options, sizeof options);
    return count;
}

int main(int argc, char **argv) {
    struct settings s = {.options = {.timeout = 60, .retries = 1, .parallel = 1},
                         .max_line = 1 << 20,
                         .judge.limits = {.bos = true, .eos = true}};
    struct bco_error err = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-judge",
                                  .usage = "JUDGE [options] A B",
                                  .about = "Lets a judge compare two sets of completions.",
                                  .options = options,
                                  .count = add_options(options, &s),
                                  .computes = true};
    int status = cli_parse(&s.cli, &tool, argc, argv, true);
    if (status < 0) status = check_usage(&s);
    if (status >= 0) return status;
    return cli_finish(&s.cli, run(&s, &err), &err);
}

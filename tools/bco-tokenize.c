/* bco-tokenize: token ids of records and texts, and texts of ids. */
#include "common/cli.h"

#include <bco/tokenize.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_OPTIONS = 24, MAX_VARIABLES = 64 };

struct tokenize {
    struct cli cli;
    const char *model, *chat_file, *now;
    int show;
    struct cli_list vars;
    bool text, json, decode, summary;
    struct bco_template *chat;
    struct bco_template_variable variables[MAX_VARIABLES];
    char names[MAX_VARIABLES][64];
    struct tm time;
    struct bco_template_options rendering;
    struct bco_tokenize_options options;
    struct bco_tokenizer *tokenizer;
    struct bco_reader *reader;
    struct bco_writer *out, *rejects;
    struct bco_tokenize_counts counts;
};

static size_t add_options(struct cli_option *to, struct tokenize *t) {
    const struct cli_option options[] = {
        {"model", 'm', CLI_TEXT, &t->model, "MODEL", "a model folder; tokenizer.json alone will do", NULL, 0, 0, NULL},
        {"text", 0, CLI_FLAG, &t->text, NULL, "plain lines in, {\"ids\":[...]} out", NULL, 0, 0, NULL},
        {"json", 0, CLI_FLAG, &t->json, NULL, "with --text: each line is a JSON string; else with --summary: as JSON",
         NULL, 0, 0, NULL},
        {"special", 0, CLI_FLAG, &t->options.special, NULL, "with --text: add what the post-processor adds", NULL, 0, 0,
         NULL},
        {"decode", 0, CLI_FLAG, &t->decode, NULL, "{\"ids\":[...]} in, {\"text\":\"...\"} out", NULL, 0, 0, NULL},
        {"skip-special", 0, CLI_FLAG, &t->options.skip_special, NULL, "with --decode: leave special tokens out", NULL,
         0, 0, NULL},
        {"no-bos", 0, CLI_UNFLAG, &t->options.bos, NULL, "records: no BOS before the prompt", NULL, 0, 0, NULL},
        {"no-eos", 0, CLI_UNFLAG, &t->options.eos, NULL, "records: no EOS behind the completion", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Messages", NULL, 0, 0, NULL},
        {"show", 0, CLI_CHOICE, &t->show, "WHAT", "text: what the chat template makes of messages [ids]", "ids|text", 0,
         0, NULL},
        {"chat-template", 0, CLI_TEXT, &t->chat_file, "FILE", "a Jinja template [the model's own]", NULL, 0, 0, NULL},
        {"add-generation-prompt", 0, CLI_FLAG, &t->rendering.add_generation_prompt, NULL,
         "with --show text: what stands before an answer", NULL, 0, 0, NULL},
        {"var", 0, CLI_LIST, &t->vars, "NAME=JSON",
         "a variable of the template; repeatable; nothing behind =: undefined", NULL, 0, 0, NULL},
        {"now", 0, CLI_TEXT, &t->now, "TIME", "the time for strftime_now, as 2024-07-26T12:34:56 [the local time]",
         NULL, 0, 0, NULL},
        {"strict-template", 0, CLI_FLAG, &t->options.strict_template, NULL,
         "a prompt that is no prefix of the whole conversation is an error", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "All", NULL, 0, 0, NULL},
        {"summary", 0, CLI_FLAG, &t->summary, NULL, "only counts and length quantiles, on standard output", NULL, 0, 0,
         NULL},
    };
    memcpy(to, options, sizeof options);
    return sizeof options / sizeof *options;
}

/* NAME=JSON. */
static int check_variables(struct tokenize *t) {
    if (t->vars.count > MAX_VARIABLES) return cli_usage(&t->cli, "--var: more than %d", MAX_VARIABLES);
    for (size_t i = 0; i < t->vars.count; i++) {
        const char *equals = strchr(t->vars.items[i], '=');
        size_t length = equals ? (size_t)(equals - t->vars.items[i]) : 0;
        if (!length || length >= sizeof t->names[i])
            return cli_usage(&t->cli, "--var: got '%s', expected NAME=JSON", t->vars.items[i]);
        memcpy(t->names[i], t->vars.items[i], length);
        t->variables[i] = (struct bco_template_variable){t->names[i], equals + 1};
    }
    t->rendering.variables = t->variables;
    t->rendering.variable_count = t->vars.count;
    t->options.chat_options = &t->rendering;
    return -1;
}

static int check_time(struct tokenize *t) {
    char end;
    struct tm *tm = &t->time;
    if (!t->now) return -1;
    if (sscanf(t->now, "%4d-%2d-%2dT%2d:%2d:%2d%c", &tm->tm_year, &tm->tm_mon, &tm->tm_mday, &tm->tm_hour, &tm->tm_min,
               &tm->tm_sec, &end) != 6)
        return cli_usage(&t->cli, "--now: got '%s', expected a time as 2024-07-26T12:34:56", t->now);
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    tm->tm_isdst = -1;
    if (mktime(tm) == (time_t)-1) return cli_usage(&t->cli, "--now: '%s' is no time", t->now);
    t->rendering.now = tm;
    return -1;
}

/* -1: go on. */
static int check_usage(struct tokenize *t) {
    bool template_alone = t->show && t->chat_file;
    if (t->show && (t->text || t->decode)) return cli_usage(&t->cli, "--show text takes records with messages");
    if (t->rendering.add_generation_prompt && !t->show)
        return cli_usage(&t->cli, "--add-generation-prompt goes with --show text");
    if (!t->model && !template_alone) return cli_usage(&t->cli, "-m MODEL is missing");
    if (t->text && t->decode) return cli_usage(&t->cli, "--text and --decode exclude each other");
    if (t->json && !t->text && !t->summary) return cli_usage(&t->cli, "--json goes with --text or --summary");
    if (t->options.special && !t->text) return cli_usage(&t->cli, "--special goes with --text");
    if (t->options.skip_special && !t->decode) return cli_usage(&t->cli, "--skip-special goes with --decode");
    t->options.mode = t->show     ? BCO_TOKENIZE_SHOW
                      : t->text   ? BCO_TOKENIZE_TEXT
                      : t->decode ? BCO_TOKENIZE_DECODE
                                  : BCO_TOKENIZE_RECORDS;
    t->options.pieces = t->cli.verbose;
    t->options.threads = t->cli.threads;
    int done = check_variables(t);
    return done < 0 ? check_time(t) : done;
}

static enum bco_code no_template(const struct tokenize *t, struct bco_error *err) {
    *err = (struct bco_error){.code = BCO_EDATA, .message = "has no chat template; --chat-template FILE gives one"};
    snprintf(err->file, sizeof err->file, "%s", t->model);
    return BCO_EDATA;
}

static enum bco_code open_all(struct tokenize *t, struct bco_error *err) {
    const struct bco_reader_options reading = {.format = !t->text  ? BCO_FORMAT_AUTO
                                                         : t->json ? BCO_FORMAT_STRINGS
                                                                   : BCO_FORMAT_TEXT};
    enum bco_code code = t->show ? BCO_OK : bco_tokenizer_open(&t->tokenizer, t->model, err);
    if (!code) code = bco_template_open(&t->chat, t->model, t->chat_file, err);
    if (!code && t->show && !t->chat) code = no_template(t, err);
    t->options.chat = t->chat;
    if (!code) code = bco_reader_open(&t->reader, t->cli.arguments, t->cli.argument_count, &reading, err);
    if (!code) code = bco_writer_open(&t->out, t->cli.output, err);
    if (!code && t->cli.rejects) code = bco_writer_open(&t->rejects, t->cli.rejects, err);
    return code;
}

static enum bco_code put_row(struct tokenize *t, const char *name, const struct bco_token_lengths *l,
                             struct bco_error *err) {
    char line[512];
    bool json = t->json && !t->text; /* of texts it says how they are read */
    if (!l->count) return BCO_OK;
    int length = snprintf(
        line, sizeof line,
        json ? "%s\"%s\":{\"count\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"min\":%" PRIu64 ",\"p25\":%" PRIu64
               ",\"p50\":%" PRIu64 ",\"p75\":%" PRIu64 ",\"p95\":%" PRIu64 ",\"max\":%" PRIu64 ",\"mean\":%.4f}"
             : "%s%-10s %9" PRIu64 " %11" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64
               " %7" PRIu64 " %9.1f\n",
        json ? "," : "", name, l->count, l->tokens, l->min, l->p25, l->p50, l->p75, l->p95, l->max, l->mean);
    return bco_writer_bytes(t->out, line, (size_t)length, err);
}

static enum bco_code put_summary(struct tokenize *t, struct bco_error *err) {
    const struct bco_tokenize_counts *n = &t->counts;
    bool records = t->options.mode == BCO_TOKENIZE_RECORDS, json = t->json && !t->text;
    char line[256];
    int length = t->json
                     ? snprintf(line, sizeof line, "{\"records\":%" PRIu64 ",\"rejected\":%" PRIu64, n->in, n->rejected)
                     : snprintf(line, sizeof line, "%-10s %9s %11s %7s %7s %7s %7s %7s %7s %9s\n", "", "count",
                                "tokens", "min", "p25", "p50", "p75", "p95", "max", "mean");
    enum bco_code code = bco_writer_bytes(t->out, line, (size_t)length, err);
    if (!code) code = put_row(t, "prompt", &n->prompt, err);
    if (!code) code = put_row(t, "completion", &n->completion, err);
    if (!code) code = put_row(t, records ? "sequence" : "text", &n->whole, err);
    return code || !json ? code : bco_writer_bytes(t->out, "}\n", 2, err);
}

static enum bco_code run(struct tokenize *t, struct bco_error *err) {
    enum bco_code code = bco_tokenize_run(t->tokenizer, &t->options, t->reader, t->summary ? NULL : t->out, t->rejects,
                                          &t->counts, &t->cli.watch, err);
    return code || !t->summary ? code : put_summary(t, err);
}

/* The output appears only where all went well; what was rejected until an error in the data is kept. */
static enum bco_code close_all(struct tokenize *t, enum bco_code code, struct bco_error *err) {
    struct bco_error ignored;
    bco_reader_close(t->reader);
    if (t->rejects && code <= BCO_EDATA) {
        enum bco_code closed = bco_writer_close(t->rejects, code ? &ignored : err);
        t->rejects = NULL;
        if (!code) code = closed;
    }
    if (!code) {
        code = bco_writer_close(t->out, err);
        t->out = NULL;
    }
    bco_writer_discard(t->rejects);
    bco_writer_discard(t->out);
    bco_template_close(t->chat);
    bco_tokenizer_close(t->tokenizer);
    return code;
}

static void put_last_line(const struct tokenize *t) {
    const struct bco_tokenize_counts *n = &t->counts;
    if (n->parted)
        cli_warn(&t->cli, "%" PRIu64 " of the prompts are no prefix of the whole conversation: cut where they part",
                 n->parted);
    if (t->show)
        cli_summary(&t->cli, "%" PRIu64 " in, %" PRIu64 " out, %" PRIu64 " rejected", n->in, n->out, n->rejected);
    else
        cli_summary(&t->cli, "%" PRIu64 " in, %" PRIu64 " out (%" PRIu64 " tokens), %" PRIu64 " rejected", n->in,
                    n->out, n->whole.tokens, n->rejected);
}

int main(int argc, char **argv) {
    struct tokenize t = {.options = {.bos = true, .eos = true}};
    struct bco_error err = {0};
    struct cli_option table[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-tokenize",
                                  .usage = "-m MODEL [options] [FILE...]",
                                  .about = "Shows the token ids of records and texts.",
                                  .options = table,
                                  .count = add_options(table, &t),
                                  .computes = true};
    int done = cli_parse(&t.cli, &tool, argc, argv, false);
    if (done < 0) done = check_usage(&t);
    if (done >= 0) return done;
    enum bco_code code = open_all(&t, &err);
    if (!code) code = run(&t, &err);
    code = close_all(&t, code, &err);
    if (!code) put_last_line(&t);
    return cli_finish(&t.cli, code, &err);
}

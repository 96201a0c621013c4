/* bco-winrate: verdicts in, win rates with their uncertainty out. */
#include "common/cli.h"

#include <bco/winrate.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct settings {
    struct cli cli;
    const char *by;
    int format, standard_error;
    bool json;
    double level;
    uint64_t bootstrap, seed;
};

static enum bco_code read_all(struct settings *s, struct bco_verdicts *verdicts, struct bco_error *err) {
    struct bco_reader *reader = NULL;
    struct bco_writer *rejects = NULL;
    struct bco_record *record;
    enum bco_code code = bco_reader_open(&reader, s->cli.arguments, s->cli.argument_count, NULL, err);
    if (!code && s->cli.rejects) code = bco_writer_open(&rejects, s->cli.rejects, err);
    while (!code) {
        code = bco_reader_next(reader, &record, err);
        if (!code && !record) break;
        if (!code) code = bco_verdicts_add(verdicts, record, err);
        if (code == BCO_EDATA && rejects && !bco_reader_fatal(reader)) {
            size_t length;
            struct bco_error reason = *err;
            const char *raw = bco_reader_raw(reader, &length);
            code = bco_writer_reject(rejects, &reason, raw, length, err);
        }
    }
    bco_reader_close(reader);
    if (!rejects) return code;
    if (!code) return bco_writer_close(rejects, err);
    bco_writer_discard(rejects);
    return code;
}

enum { NAME_MAX = 60 };

/* A group's name for people: without a text's quotes, and not too long. */
static int show_name(const char *json, const char **name) {
    int length = (int)(strlen(json) > NAME_MAX ? NAME_MAX : strlen(json));
    *name = json;
    if (json[0] != '"') return length;
    ++*name;
    return length - (json[length - 1] == '"' ? 2 : 1);
}

static int name_width(const struct settings *s, const struct bco_verdicts *verdicts) {
    const char *name;
    int width = s->by ? (int)strlen(s->by) : 0;
    for (size_t i = 0; s->by && i < bco_verdicts_groups(verdicts); i++) {
        int length = show_name(bco_verdicts_group(verdicts, i), &name);
        if (length > width) width = length;
    }
    return width > NAME_MAX ? NAME_MAX : width;
}

static enum bco_code write_text(const struct settings *s, struct bco_writer *out, int width, const char *group,
                                const struct bco_winrate *w, struct bco_error *err) {
    char line[512], error[16] = "-";
    const char *name = "";
    int shown = s->by ? show_name(group, &name) : 0;
    if (!isnan(w->standard_error)) snprintf(error, sizeof error, "%.2f", w->standard_error);
    int length = snprintf(line, sizeof line,
                          "%-*.*s%7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8" PRIu64 " %8" PRIu64
                          " %9.2f %9s %8.2f to %6.2f\n",
                          width, shown, name, w->n, w->wins, w->ties, w->losses, w->invalid, w->clusters, w->win_rate,
                          error, w->low, w->high);
    return bco_writer_bytes(out, line, (size_t)length, err);
}

static enum bco_code write_heading(const struct settings *s, struct bco_writer *out, int width, struct bco_error *err) {
    char line[512], interval[32];
    snprintf(interval, sizeof interval, "%g %% interval", 100 * s->level);
    int length =
        snprintf(line, sizeof line, "%-*.*s%7s %7s %7s %7s %8s %8s %9s %9s %18s\n", width, width, s->by ? s->by : "",
                 "n", "wins", "ties", "losses", "invalid", "prompts", "win rate", "std.err.", interval);
    return bco_writer_bytes(out, line, (size_t)length, err);
}

static enum bco_code write_json(struct bco_writer *out, const char *group, const struct bco_winrate *w,
                                struct bco_error *err) {
    struct bco_record *row = NULL;
    const struct {
        const char *name;
        double value;
    } fields[] = {{"n", (double)w->n},
                  {"wins", (double)w->wins},
                  {"ties", (double)w->ties},
                  {"losses", (double)w->losses},
                  {"invalid", (double)w->invalid},
                  {"win_rate", w->win_rate},
                  {"standard_error", w->standard_error},
                  {"low", w->low},
                  {"high", w->high},
                  {"clusters", (double)w->clusters},
                  {"level", w->level}};
    enum bco_code code = bco_record_parse(&row, NULL, 0, err);
    if (!code && group) code = bco_record_set_json(row, "group", group, strlen(group), err);
    for (size_t i = 0; !code && i < sizeof fields / sizeof *fields; i++)
        code = bco_record_set_number(row, fields[i].name, fields[i].value, err);
    if (!code) code = bco_writer_record(out, row, err);
    bco_record_free(row);
    return code;
}

static void warn_of(const struct settings *s, const char *group, const struct bco_winrate *w) {
    const char *of = s->by ? group : "", *in = s->by ? ": " : "";
    if (w->clusters == 1)
        cli_warn(&s->cli, "%s%sone prompt only: no standard error, and an interval that says nothing", of, in);
    else if (w->standard_error == 0)
        cli_warn(&s->cli, "%s%severy prompt has the same outcome: the interval has no width, which is no proof", of,
                 in);
    if (w->invalid) cli_warn(&s->cli, "%s%s%llu invalid verdicts, not in n", of, in, (unsigned long long)w->invalid);
}

static enum bco_code write_groups(const struct settings *s, const struct bco_verdicts *verdicts, struct bco_writer *out,
                                  struct bco_error *err) {
    const struct bco_winrate_options options = {.standard_error = (enum bco_standard_error)s->standard_error,
                                                .level = s->level,
                                                .bootstrap = s->bootstrap,
                                                .seed = s->seed,
                                                .threads = s->cli.threads};
    int width = name_width(s, verdicts);
    enum bco_code code = s->json ? BCO_OK : write_heading(s, out, width, err);
    for (size_t i = 0; !code && i < bco_verdicts_groups(verdicts); i++) {
        struct bco_winrate result;
        const char *group = bco_verdicts_group(verdicts, i);
        code = bco_winrate(verdicts, i, &options, &result, err);
        if (!code) warn_of(s, group, &result);
        if (code) break;
        code = s->json ? write_json(out, s->by ? group : NULL, &result, err)
                       : write_text(s, out, width, group, &result, err);
    }
    return code;
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct bco_verdicts *verdicts = NULL;
    struct bco_writer *out = NULL;
    enum bco_code code = bco_verdicts_new(&verdicts, (enum bco_verdict_format)s->format, s->by, err);
    if (!code) code = read_all(s, verdicts, err);
    if (!code && !bco_verdicts_groups(verdicts)) {
        *err = (struct bco_error){.code = code = BCO_EDATA, .message = "no verdicts"};
    }
    if (!code && bco_verdicts_judges(verdicts) > 1 && (!s->by || strcmp(s->by, "judge") != 0))
        cli_warn(&s->cli, "verdicts of %zu judges in one win rate; --by judge separates them",
                 bco_verdicts_judges(verdicts));
    if (!code && bco_verdicts_repeated(verdicts))
        cli_warn(&s->cli, "verdicts that equal an earlier one word for word, and count: %" PRIu64,
                 bco_verdicts_repeated(verdicts));
    if (!code) code = bco_writer_open(&out, s->cli.output, err);
    if (!code) code = write_groups(s, verdicts, out, err);
    if (!code)
        code = bco_writer_close(out, err);
    else
        bco_writer_discard(out);
    bco_verdicts_free(verdicts);
    return code;
}

int main(int argc, char **argv) {
    struct settings s = {.level = 0.95};
    struct bco_error err = {0};
    const struct cli_option options[] = {
        {"format", 0, CLI_CHOICE, &s.format, "FORMAT", "auto, verdicts or alpaca-eval [auto]",
         "auto|verdicts|alpaca-eval", 0, 0, NULL},
        {"by", 0, CLI_TEXT, &s.by, "FIELD", "one row for each value of FIELD", NULL, 0, 0, NULL},
        {"se", 0, CLI_CHOICE, &s.standard_error, "KIND",
         "standard error: cluster (verdicts on a prompt hang together) or iid [cluster]", "cluster|iid", 0, 0, NULL},
        {"level", 0, CLI_REAL, &s.level, "X", "level of the interval [0.95]", NULL, 1e-6, 1 - 1e-9, NULL},
        {"bootstrap", 0, CLI_COUNT, &s.bootstrap, "N", "interval from N resamples of the prompts [0: Student's t]",
         NULL, 0, 1e8, NULL},
        {"seed", 0, CLI_COUNT, &s.seed, "N", "of the bootstrap [0]", NULL, 0, 0, NULL},
        {"json", 0, CLI_FLAG, &s.json, NULL, "one JSON object a row instead of a table", NULL, 0, 0, NULL},
    };
    const struct cli_tool tool = {"bco-winrate", "[options] [FILE...]", "Win rate of A over B from verdicts.", options,
                                  sizeof options / sizeof *options};
    int status = cli_parse(&s.cli, &tool, argc, argv, false);
    if (status >= 0) return status;
    return cli_finish(&s.cli, run(&s, &err), &err);
}

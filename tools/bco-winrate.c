/* bco-winrate: verdicts in, win rates with their uncertainty out. */
#include "common/cli.h"
#include "common/fields.h"

#include <bco/winrate.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct cli cli;
    const char *by, *vs, *difficulty_path, *weights_path;
    int format, standard_error, interval;
    bool json, length_control, interval_given, ridge_given;
    double level, strong_weight, ridge, power; /* power: points; 0: not asked for */
    uint64_t bootstrap, seed;
    double *difficulty;
    size_t difficulties;
};

/* What is told of one group. */
struct row {
    const char *group;
    struct bco_winrate rate;
    struct bco_length_control length; /* with --length-control */
    struct bco_winrate_difference vs; /* with --vs */
    double prompts;                   /* with --power */
    bool no_weights;                  /* for this group in --weights */
    bool none;                        /* no valid verdict in this group; others have some */
};

static const double power = 0.8, hardly_any_overlap = 0.1;
static const struct bco_length_control no_length = {
    .win_rate = NAN, .standard_error = NAN, .low = NAN, .high = NAN, .weights = {NAN, NAN, NAN}, .overlap = NAN};

/* ---- reading ------------------------------------------------------------------ */

static enum bco_code read_records(struct bco_verdicts *verdicts, const char *const *paths, size_t count,
                                  struct bco_writer *rejects, struct bco_error *err) {
    struct bco_reader *reader = NULL;
    struct bco_record *record;
    enum bco_code code = bco_reader_open(&reader, paths, count, NULL, err);
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
    if (!code && !bco_verdicts_groups(verdicts)) {
        *err = (struct bco_error){.code = code = BCO_EDATA, .message = "no verdicts"};
    }
    return code;
}

static enum bco_code new_verdicts(const struct settings *s, struct bco_verdicts **verdicts, struct bco_error *err) {
    enum bco_code code = bco_verdicts_new(verdicts, (enum bco_verdict_format)s->format, s->by, err);
    if (code) return code;
    if (s->length_control && !s->weights_path) bco_verdicts_want_lengths(*verdicts);
    bco_verdicts_weigh_strong(*verdicts, s->strong_weight);
    return BCO_OK;
}

static enum bco_code read_here(struct settings *s, struct bco_verdicts **verdicts, struct bco_error *err) {
    struct bco_writer *rejects = NULL;
    enum bco_code code = new_verdicts(s, verdicts, err);
    if (!code && s->cli.rejects) code = bco_writer_open(&rejects, s->cli.rejects, err);
    if (!code) code = read_records(*verdicts, s->cli.arguments, s->cli.argument_count, rejects, err);
    if (!rejects) return code;
    if (!code) return bco_writer_close(rejects, err);
    bco_writer_discard(rejects);
    return code;
}

static enum bco_code read_there(struct settings *s, struct bco_verdicts **verdicts, struct bco_error *err) {
    if (!s->vs) return BCO_OK;
    enum bco_code code = bco_verdicts_new(verdicts, (enum bco_verdict_format)s->format, s->by, err);
    if (!code) bco_verdicts_weigh_strong(*verdicts, s->strong_weight);
    if (!code) code = read_records(*verdicts, &s->vs, 1, NULL, err);
    if (code && !err->file[0]) snprintf(err->file, sizeof err->file, "%s", s->vs);
    return code;
}

/* ---- working out ----------------------------------------------------------------- */

static enum bco_code control_length(struct settings *s, const struct bco_verdicts *verdicts, size_t i, struct row *row,
                                    struct bco_error *err) {
    struct bco_length_weights weights;
    bool found = false;
    const struct bco_length_options options = {.difficulty = s->difficulty,
                                               .difficulties = s->difficulties,
                                               .weights = s->weights_path ? &weights : NULL,
                                               .ridge = s->ridge,
                                               .level = s->level,
                                               .bootstrap = s->bootstrap,
                                               .seed = s->seed,
                                               .threads = s->cli.threads};
    enum bco_code code = BCO_OK;
    if (s->weights_path) code = bco_length_weights_read(s->weights_path, s->by, row->group, &weights, &found, err);
    if (code || !s->weights_path || found)
        return code ? code : bco_length_control(verdicts, i, &options, &row->length, err);
    row->no_weights = true;
    row->length = no_length;
    return BCO_OK;
}

static enum bco_code compare(const struct settings *s, const struct bco_winrate_options *options,
                             const struct bco_verdicts *here, size_t i, const struct bco_verdicts *there,
                             struct row *row, struct bco_error *err) {
    size_t partner;
    if (bco_verdicts_find(there, row->group, &partner)) {
        enum bco_code code = bco_winrate_compare(here, i, there, partner, options, &row->vs, err);
        if (code) snprintf(err->file, sizeof err->file, "%s", s->vs);
        return code;
    }
    *err = (struct bco_error){.code = BCO_EDATA};
    snprintf(err->file, sizeof err->file, "%s", s->vs);
    snprintf(err->message, sizeof err->message, "no verdict with %.100s %.200s", s->by, row->group);
    return BCO_EDATA;
}

/* From the spread between prompts; the widest there can be where it is not known. */
static double prompts_for(const struct settings *s, const struct row *row) {
    double deviation = s->vs ? row->vs.deviation : row->rate.deviation, widest = s->vs ? 100 : 50;
    return bco_prompts_needed(deviation > 0 ? deviation : widest, s->power, s->level, power);
}

static void has_none(struct row *row) {
    struct bco_winrate *w = &row->rate;
    row->none = true;
    w->win_rate = w->standard_error = w->low = w->high = NAN;
    row->length = no_length;
    row->vs.difference = row->vs.standard_error = row->vs.low = row->vs.high = NAN;
    row->prompts = NAN;
}

static enum bco_code work_out(struct settings *s, const struct bco_verdicts *here, size_t i,
                              const struct bco_verdicts *there, struct row *row, struct bco_error *err) {
    const struct bco_winrate_options options = {.standard_error = (enum bco_standard_error)s->standard_error,
                                                .interval = (enum bco_interval)s->interval,
                                                .level = s->level,
                                                .bootstrap = s->bootstrap,
                                                .seed = s->seed,
                                                .threads = s->cli.threads};
    row->group = bco_verdicts_group(here, i);
    enum bco_code code = bco_winrate(here, i, &options, &row->rate, err);
    if (code == BCO_EDATA && s->by && !row->rate.n) {
        has_none(row);
        return BCO_OK;
    }
    if (!code && s->length_control) code = control_length(s, here, i, row, err);
    if (!code && there) code = compare(s, &options, here, i, there, row, err);
    if (!code && s->power > 0) row->prompts = prompts_for(s, row);
    return code;
}

/* ---- telling: a table --------------------------------------------------------------- */

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

struct line {
    char text[1024];
    size_t length;
};

static void add(struct line *line, const char *format, ...) BCO_PRINTF(2, 3);
static void add(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    if (length > 0) line->length += (size_t)length;
    if (line->length >= sizeof line->text) line->length = sizeof line->text - 1;
}

static void add_interval(struct line *line, double low, double high) {
    if (isnan(low))
        add(line, " %18s", "-");
    else
        add(line, " %8.2f to %6.2f", low, high);
}

static void add_number(struct line *line, int width, double value) {
    if (isnan(value))
        add(line, " %*s", width, "-");
    else
        add(line, " %*.2f", width, value);
}

static enum bco_code write_text(const struct settings *s, struct bco_writer *out, int width, const struct row *row,
                                struct bco_error *err) {
    const struct bco_winrate *w = &row->rate;
    const char *name = "";
    struct line line = {.length = 0};
    int shown = s->by ? show_name(row->group, &name) : 0;
    add(&line, "%-*.*s%7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8" PRIu64 " %8" PRIu64, width, shown, name,
        w->n, w->wins, w->ties, w->losses, w->invalid, w->clusters);
    add_number(&line, 9, w->win_rate);
    add_number(&line, 9, w->standard_error);
    add_interval(&line, w->low, w->high);
    if (s->length_control) {
        add_number(&line, 12, row->length.win_rate);
        add_interval(&line, row->length.low, row->length.high);
    }
    if (s->vs) {
        add(&line, " %8" PRIu64, row->vs.prompts);
        if (row->none)
            add(&line, " %10s", "-");
        else
            add(&line, " %+10.2f", row->vs.difference);
        add_interval(&line, row->vs.low, row->vs.high);
    }
    if (s->power > 0 && row->none)
        add(&line, " %14s", "-");
    else if (s->power > 0)
        add(&line, " %14.0f", row->prompts);
    add(&line, "\n");
    return bco_writer_bytes(out, line.text, line.length, err);
}

static enum bco_code write_heading(const struct settings *s, struct bco_writer *out, int width, struct bco_error *err) {
    struct line line = {.length = 0};
    char interval[32], prompts[32];
    snprintf(interval, sizeof interval, "%g %% interval", 100 * s->level);
    snprintf(prompts, sizeof prompts, "prompts for %g", s->power);
    add(&line, "%-*.*s%7s %7s %7s %7s %8s %8s %9s %9s %18s", width, width, s->by ? s->by : "", "n", "wins", "ties",
        "losses", "invalid", "prompts", "win rate", "std.err.", interval);
    if (s->length_control) add(&line, " %12s %18s", "equal length", interval);
    if (s->vs) add(&line, " %8s %10s %18s", "common", "difference", interval);
    if (s->power > 0) add(&line, " %14s", prompts);
    add(&line, "\n");
    return bco_writer_bytes(out, line.text, line.length, err);
}

/* ---- telling: JSON ------------------------------------------------------------------- */

static enum bco_code set_length(struct bco_record *to, const struct bco_length_control *l, struct bco_error *err) {
    const struct cli_field fields[] = {{"win_rate", l->win_rate},
                                       {"standard_error", l->standard_error},
                                       {"low", l->low},
                                       {"high", l->high},
                                       {"overlap", l->overlap},
                                       {"glm_length", l->weights.length},
                                       {"glm_difficulty", l->weights.difficulty},
                                       {"glm_not_gamed", l->weights.not_gamed}};
    return cli_set_object(to, "length_controlled", fields, CLI_COUNT_OF(fields), err);
}

static enum bco_code set_vs(struct bco_record *to, const struct bco_winrate_difference *d, struct bco_error *err) {
    const struct cli_field fields[] = {{"prompts", (double)d->prompts},
                                       {"only_here", (double)d->only_here},
                                       {"only_there", (double)d->only_there},
                                       {"difference", d->difference},
                                       {"standard_error", d->standard_error},
                                       {"low", d->low},
                                       {"high", d->high}};
    return cli_set_object(to, "vs", fields, CLI_COUNT_OF(fields), err);
}

static enum bco_code write_json(const struct settings *s, struct bco_writer *out, const struct row *r,
                                struct bco_error *err) {
    const struct bco_winrate *w = &r->rate;
    struct bco_record *row = NULL;
    const struct cli_field fields[] = {{"n", (double)w->n},
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
    const struct cli_field needed[] = {{"difference", s->power}, {"power", power}, {"prompts", r->prompts}};
    enum bco_code code = bco_record_parse(&row, NULL, 0, err);
    if (!code && s->by) code = bco_record_set_json(row, "group", r->group, strlen(r->group), err);
    if (!code) code = cli_set_fields(row, fields, CLI_COUNT_OF(fields), err);
    if (!code && s->strong_weight != 1) code = bco_record_set_number(row, "strong", (double)w->strong, err);
    if (!code && s->length_control) code = set_length(row, &r->length, err);
    if (!code && s->vs) code = set_vs(row, &r->vs, err);
    if (!code && s->power > 0) code = cli_set_object(row, "power", needed, CLI_COUNT_OF(needed), err);
    if (!code) code = bco_writer_record(out, row, err);
    bco_record_free(row);
    return code;
}

/* ---- telling: warnings ------------------------------------------------------------------ */

static const char *why_none(enum bco_length_state state) {
    switch (state) {
    case BCO_LENGTH_ONE_OUTCOME: return "all verdicts are the same; judge more prompts";
    case BCO_LENGTH_SEPARATED:
        return "the length model tells every win from every loss (it separates them perfectly); judge more prompts, or "
               "completions of more equal lengths";
    case BCO_LENGTH_NOT_CONVERGED:
        return "the length model does not converge; judge more prompts, or try a larger --ridge";
    case BCO_LENGTH_FITTED:
    case BCO_LENGTH_GIVEN: break;
    }
    return NULL;
}

static void warn_of_length(const struct settings *s, const char *of, const char *in, const struct row *row) {
    const struct bco_length_control *l = &row->length;
    const char *why = why_none(l->state);
    if (row->no_weights) why = "no weights for it in the file";
    if (why) cli_warn(&s->cli, "%s%sno win rate at equal length: %s", of, in, why);
    if (l->overlap < hardly_any_overlap)
        cli_warn(&s->cli,
                 "%s%sthe two sides' lengths hardly overlap (%.3f of 1: one side is nearly always the longer one): "
                 "equal length is an extrapolation",
                 of, in, l->overlap);
    if (l->failed)
        cli_warn(&s->cli, "%s%s%" PRIu64 " of %" PRIu64 " resamples have no win rate at equal length, and are left out",
                 of, in, l->failed, l->resamples);
}

static void warn_of(const struct settings *s, const struct row *row) {
    const struct bco_winrate *w = &row->rate;
    const char *of = s->by ? row->group : "", *in = s->by ? ": " : "";
    if (row->none) {
        cli_warn(&s->cli, "%s%sno valid verdict, %" PRIu64 " invalid", of, in, w->invalid);
        return;
    }
    if (w->clusters == 1)
        cli_warn(&s->cli, "%s%sone prompt only: no standard error, and an interval that says %s", of, in,
                 s->interval == BCO_INTERVAL_WILSON ? "little" : "nothing");
    else if (w->standard_error == 0 && s->interval != BCO_INTERVAL_WILSON)
        cli_warn(&s->cli, "%s%severy prompt has the same outcome: the interval has no width, which is no proof", of,
                 in);
    if (w->invalid) cli_warn(&s->cli, "%s%s%" PRIu64 " invalid verdicts, not in n", of, in, w->invalid);
    if (s->length_control) warn_of_length(s, of, in, row);
    if (row->vs.only_here || row->vs.only_there)
        cli_warn(&s->cli, "%s%sprompts that only one side has, not compared: %" PRIu64 " here, %" PRIu64 " in %s", of,
                 in, row->vs.only_here, row->vs.only_there, s->vs);
}

/* `of` and `in`: "" and "", or the other file's name and ": ". */
static void warn_of_all(const struct settings *s, const char *of, const char *in, const struct bco_verdicts *verdicts) {
    if (!verdicts) return;
    if (bco_verdicts_judges(verdicts) > 1 && (!s->by || strcmp(s->by, "judge") != 0))
        cli_warn(&s->cli, "%s%sverdicts of %zu judges in one win rate; --by judge separates them", of, in,
                 bco_verdicts_judges(verdicts));
    if (bco_verdicts_repeated(verdicts))
        cli_warn(&s->cli, "%s%sverdicts that equal an earlier one word for word, and count: %" PRIu64, of, in,
                 bco_verdicts_repeated(verdicts));
}

/* ---- the run ------------------------------------------------------------------------------ */

static enum bco_code write_groups(struct settings *s, const struct bco_verdicts *here, const struct bco_verdicts *there,
                                  struct bco_writer *out, struct bco_error *err) {
    int width = name_width(s, here);
    bool any = false;
    enum bco_code code = s->json ? BCO_OK : write_heading(s, out, width, err);
    for (size_t i = 0; !code && i < bco_verdicts_groups(here); i++) {
        struct row row = {.group = NULL};
        code = work_out(s, here, i, there, &row, err);
        if (code) break;
        any |= !row.none;
        warn_of(s, &row);
        code = s->json ? write_json(s, out, &row, err) : write_text(s, out, width, &row, err);
    }
    if (!code && !any) *err = (struct bco_error){.code = code = BCO_EDATA, .message = "no valid verdict in any group"};
    return code;
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct bco_verdicts *here = NULL, *there = NULL;
    struct bco_writer *out = NULL;
    enum bco_code code = BCO_OK;
    if (s->difficulty_path) code = bco_difficulty_read(s->difficulty_path, &s->difficulty, &s->difficulties, err);
    if (!code) code = read_here(s, &here, err);
    if (!code) code = read_there(s, &there, err);
    if (!code) warn_of_all(s, "", "", here);
    if (!code) warn_of_all(s, s->vs, ": ", there);
    if (!code && there && !bco_verdicts_same_judges(here, there))
        cli_warn(&s->cli, "%s: other judges than here: the difference may be theirs", s->vs);
    if (!code) code = bco_writer_open(&out, s->cli.output, err);
    if (!code) code = write_groups(s, here, there, out, err);
    if (!code)
        code = bco_writer_close(out, err);
    else
        bco_writer_discard(out);
    bco_verdicts_free(here);
    bco_verdicts_free(there);
    free(s->difficulty);
    return code;
}

/* -1: go on. */
static int check_usage(struct settings *s) {
    if (s->weights_path && !s->difficulty_path) return cli_usage(&s->cli, "--weights needs --difficulty");
    if (s->weights_path && s->ridge_given) return cli_usage(&s->cli, "--ridge is for a fit, but --weights are given");
    if (s->interval_given && s->bootstrap)
        return cli_usage(&s->cli, "--interval and --bootstrap: the interval is made in one way only");
    s->length_control |= s->difficulty_path != NULL;
    return -1;
}

enum { MAX_OPTIONS = 20 };

static size_t add_options(struct cli_option *to, struct settings *s) {
    const struct cli_option options[] = {
        {"format", 0, CLI_CHOICE, &s->format, "FORMAT", "auto, verdicts or alpaca-eval [auto]",
         "auto|verdicts|alpaca-eval", 0, 0, NULL},
        {"by", 0, CLI_TEXT, &s->by, "FIELD", "one row for each value of FIELD", NULL, 0, 0, NULL},
        {"strong-weight", 0, CLI_REAL, &s->strong_weight, "X", "A>>B and B>>A count X times [1]", NULL, 1e-6, 1e6,
         NULL},
        {"json", 0, CLI_FLAG, &s->json, NULL, "one JSON object a row instead of a table", NULL, 0, 0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Uncertainty", NULL, 0, 0, NULL},
        {"se", 0, CLI_CHOICE, &s->standard_error, "KIND",
         "standard error: cluster (verdicts on a prompt hang together) or iid [cluster]", "cluster|iid", 0, 0, NULL},
        {"level", 0, CLI_REAL, &s->level, "X", "level of the intervals [0.95]", NULL, 1e-6, 1 - 1e-9, NULL},
        {"interval", 0, CLI_CHOICE, &s->interval, "KIND", "t (Student's) or wilson, for few prompts [t]", "t|wilson", 0,
         0, &s->interval_given},
        {"bootstrap", 0, CLI_COUNT, &s->bootstrap, "N",
         "intervals from N resamples of the prompts [0; 1000 for --length-control]", NULL, 0, 1e8, NULL},
        {"seed", 0, CLI_COUNT, &s->seed, "N", "of the bootstrap [0]", NULL, 0, 0, NULL},
        {"power", 0, CLI_REAL, &s->power, "X", "how many prompts show a difference of X points, 8 times in 10", NULL,
         1e-6, 100, NULL},
        {"vs", 0, CLI_TEXT, &s->vs, "FILE", "is A better here than in FILE? the difference, paired by prompt", NULL, 0,
         0, NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, "Length", NULL, 0, 0, NULL},
        {"length-control", 0, CLI_FLAG, &s->length_control, NULL, "the win rate at equal length, too", NULL, 0, 0,
         NULL},
        {"difficulty", 0, CLI_TEXT, &s->difficulty_path, "FILE",
         "the instructions' difficulties (index,instruction_difficulty)", NULL, 0, 0, NULL},
        {"weights", 0, CLI_TEXT, &s->weights_path, "FILE",
         "the length model's weights (glm_length,glm_difficulty,glm_not_gamed) [fitted]", NULL, 0, 0, NULL},
        {"ridge", 0, CLI_REAL, &s->ridge, "X", "of the fit [0.01]", NULL, 1e-9, 1e9, &s->ridge_given},
    };
    size_t count = sizeof options / sizeof *options;
    memcpy(to, options, sizeof options);
    return count;
}

int main(int argc, char **argv) {
    struct settings s = {.level = 0.95, .strong_weight = 1};
    struct bco_error err = {0};
    struct cli_option options[MAX_OPTIONS];
    const struct cli_tool tool = {.name = "bco-winrate",
                                  .usage = "[options] [FILE...]",
                                  .about = "Win rate of A over B from verdicts.",
                                  .options = options,
                                  .count = add_options(options, &s)};
    int status = cli_parse(&s.cli, &tool, argc, argv, false);
    if (status < 0) status = check_usage(&s);
    if (status >= 0) return status;
    return cli_finish(&s.cli, run(&s, &err), &err);
}

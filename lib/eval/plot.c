/* From files to figures. */
#include "base/fail.h"
#include "base/mem.h"
#include "data/fields.h"
#include "eval/column.h"
#include "eval/figure.h"

#include <bco/reward.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 48, LONGEST_TITLE = 200, BINS = 30 };

/* ---- names ------------------------------------------------------------------------------ */

/* `run/metrics.jsonl` is told by its folder; of a long path the end is kept. */
static char *run_name(const char *path) {
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0) return bco_strndup("standard input", 14);
    if (slash && slash > path && strcmp(slash, "/metrics.jsonl") == 0) length = (size_t)(slash - path);
    size_t skip = length > LONGEST_NAME ? length - LONGEST_NAME : 0;
    return bco_figure_name(path + skip, length - skip, LONGEST_NAME);
}

/* The run's name and a word, or the word alone where there is one run only. */
static struct bco_series *series_of(struct bco_panel *panel, const struct bco_plot *plot, size_t run, const char *word,
                                    int dash) {
    char text[4 * LONGEST_NAME + 80];
    char *name = run_name(plot->paths[run]);
    if (!name) return NULL;
    bool one = plot->path_count == 1;
    int length = snprintf(text, sizeof text, "%s%s%s", one ? "" : name, one || !*word ? "" : " ", word);
    free(name);
    if (length == 0) snprintf(text, sizeof text, "all");
    return bco_panel_series(panel, text, one ? dash : (int)(run % BCO_COLOURS), dash);
}

/* ---- metrics ------------------------------------------------------------------------------- */

struct curve {
    const char *title, *label;
    struct {
        const char *field, *word;
    } parts[2];
    bool log_y, noisy;
};

static const struct curve curves[] = {
    {"loss", "loss (nats)", {{"loss", "training"}, {"eval_loss", "validation"}}, false, true},
    {"rewards", "mean reward (beta * nats)", {{"rewards/chosen", "up"}, {"rewards/rejected", "down"}}, false, true},
    {"reward shift", "delta (beta * nats)", {{"delta", ""}, {NULL, NULL}}, false, false},
    {"distance from the reference",
     "KL to the reference (nats)",
     {{"kl", "training"}, {"eval_kl", "validation"}},
     false,
     true},
    {"error term", "error term", {{"error_term", ""}, {NULL, NULL}}, true, true},
    {"learning rate", "learning rate", {{"learning_rate", ""}, {NULL, NULL}}, false, false},
};

enum { CURVES = sizeof curves / sizeof *curves, ERROR_TERM = 4 };

static void set_panels(struct bco_figure *figure, const struct bco_plot *plot) {
    bool one = plot->kind == BCO_PLOT_ERROR_TERM;
    figure->count = one ? 1 : CURVES;
    for (size_t i = 0; i < figure->count; i++) {
        const struct curve *c = &curves[one ? ERROR_TERM : i];
        figure->panels[i] = (struct bco_panel){.title = c->title,
                                               .x_label = "optimizer step",
                                               .y_label = c->label,
                                               .log_y = c->log_y,
                                               .noisy = c->noisy,
                                               .reference = NAN};
    }
}

static enum bco_code add_metrics(struct bco_figure *figure, const struct bco_plot *plot, size_t run,
                                 const struct bco_record *record, struct bco_error *err) {
    double step, value;
    enum bco_code code = bco_column_need(record, "step", &step, err);
    for (size_t i = 0; !code && i < figure->count; i++) {
        struct bco_panel *panel = &figure->panels[i];
        const struct curve *c = &curves[plot->kind == BCO_PLOT_ERROR_TERM ? ERROR_TERM : i];
        for (int part = 0; !code && part < 2 && c->parts[part].field; part++) {
            enum bco_column kind = bco_column_number(record, c->parts[part].field, &value);
            if (kind == BCO_COLUMN_BAD) return bco_record_fail(record, c->parts[part].field, err, "not a number");
            if (kind != BCO_COLUMN_NUMBER || (panel->log_y && value <= 0)) continue;
            struct bco_series *series = series_of(panel, plot, run, c->parts[part].word, part);
            if (!series || !bco_series_add(series, (struct bco_point){step, value, value, value}))
                code = bco_fail_memory(err);
        }
    }
    return code;
}

/* ---- win rates ------------------------------------------------------------------------------- */

static enum bco_code row_name(struct bco_panel *panel, const struct bco_plot *plot, size_t run,
                              const struct bco_record *record, struct bco_error *err) {
    const char *text;
    size_t length;
    char *json = NULL, *name;
    if (bco_record_text(record, "group", &text, &length))
        name = bco_figure_name(text, length, LONGEST_NAME);
    else if ((json = bco_record_json(record, "group", &length)))
        name = bco_figure_name(json, length, LONGEST_NAME);
    else
        name = run_name(plot->paths[run]);
    bool added = name && bco_panel_row(panel, name);
    free(json);
    free(name);
    return added ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code add_rate(struct bco_panel *panel, const struct bco_record *record, const char *const fields[3],
                              const char *name, int colour, struct bco_error *err) {
    struct bco_point point = {.y = (double)panel->row_count - 1};
    enum bco_code code = bco_column_need(record, fields[0], &point.x, err);
    bco_column_number(record, fields[1], &point.low);
    bco_column_number(record, fields[2], &point.high);
    if (code) return code;
    struct bco_series *series = bco_panel_series(panel, name, colour, colour);
    return series && bco_series_add(series, point) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code add_winrate(struct bco_figure *figure, const struct bco_plot *plot, size_t run,
                                 const struct bco_record *record, struct bco_error *err) {
    static const char *const plain[] = {"win_rate", "low", "high"};
    static const char *const equal[] = {"length_controlled.win_rate", "length_controlled.low",
                                        "length_controlled.high"};
    struct bco_panel *panel = &figure->panels[0];
    double value;
    enum bco_code code = row_name(panel, plot, run, record, err);
    if (!code) code = add_rate(panel, record, plain, "win rate", 0, err);
    if (!code && bco_column_number(record, equal[0], &value) == BCO_COLUMN_NUMBER)
        code = add_rate(panel, record, equal, "at equal length", 1, err);
    return code;
}

/* ---- distributions ------------------------------------------------------------------------------ */

/* Values are gathered in y first; they become shares of bins when all are there. */
static enum bco_code add_value(struct bco_panel *panel, const struct bco_plot *plot, size_t run, const char *word,
                               int dash, double value, struct bco_error *err) {
    struct bco_series *series = series_of(panel, plot, run, word, dash);
    return series && bco_series_add(series, (struct bco_point){value, 0, value, value}) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code value_of(const struct bco_plot *plot, const struct bco_record *record, const char *length_field,
                              const char *reward_field, double *value, struct bco_error *err) {
    struct bco_value text;
    if (plot->kind == BCO_PLOT_REWARDS) return bco_column_need(record, reward_field, value, err);
    enum bco_code code = bco_value_read(record, length_field, false, &text, err);
    if (!code) *value = (double)bco_value_characters(&text);
    return code;
}

static enum bco_code add_record(struct bco_figure *figure, const struct bco_plot *plot, size_t run,
                                const struct bco_record *record, struct bco_error *err) {
    struct bco_panel *panel = &figure->panels[0];
    const char *pair = plot->kind == BCO_PLOT_REWARDS ? "reward_chosen" : "chosen";
    double value;
    bool label;
    enum bco_code code;
    if (bco_record_kind(record, pair) == BCO_MISSING) {
        bool known = bco_record_bool(record, "label", &label);
        code = value_of(plot, record, "completion", "reward", &value, err);
        if (code) return code;
        return add_value(panel, plot, run, !known ? "" : label ? "up" : "down", known && !label, value, err);
    }
    code = value_of(plot, record, "chosen", "reward_chosen", &value, err);
    if (!code) code = add_value(panel, plot, run, "chosen", 0, value, err);
    if (!code) code = value_of(plot, record, "rejected", "reward_rejected", &value, err);
    return code ? code : add_value(panel, plot, run, "rejected", 1, value, err);
}

/* The series' values become its share in percent of each of the bins. */
static enum bco_code bin_series(struct bco_series *series, double low, double width, struct bco_error *err) {
    size_t count = series->count;
    struct bco_point *bins = bco_calloc(BINS + 1, sizeof *bins);
    if (!bins) return bco_fail_memory(err);
    for (size_t i = 0; i <= BINS; i++) bins[i].x = low + (double)i * width;
    for (size_t i = 0; i < count; i++) {
        size_t bin = (size_t)((series->points[i].x - low) / width);
        bins[bin < BINS ? bin : BINS - 1].y += 100.0 / (double)count;
    }
    free(series->points);
    series->points = bins;
    series->count = series->capacity = BINS + 1;
    return BCO_OK;
}

static enum bco_code make_histogram(struct bco_panel *panel, bool whole, struct bco_error *err) {
    struct bco_range range;
    enum bco_code code = BCO_OK;
    if (!bco_panel_range(panel, &range)) return BCO_OK;
    double width = (range.x_high - range.x_low) / BINS;
    if (!isfinite(width)) return bco_fail(err, BCO_EDATA, "values too far apart to draw");
    if (whole) width = floor(width) + 1; /* lengths: bins of whole characters */
    if (!(width > 0)) width = 1.0 / BINS;
    for (size_t i = 0; !code && i < panel->count; i++) code = bin_series(&panel->series[i], range.x_low, width, err);
    return code;
}

/* ---- reliability ------------------------------------------------------------------------------- */

/* Wilson's of 95 %, for a share of `n`. */
static void set_interval(struct bco_point *point, double n) {
    const double z = 1.959963984540054, share = point->y;
    if (!(n >= 1 && share >= 0 && share <= 1)) return;
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    point->low = fmax(middle - half, 0);
    point->high = fmin(middle + half, 1);
}

static enum bco_code add_reliability(struct bco_figure *figure, const struct bco_plot *plot, size_t run,
                                     const struct bco_record *record, struct bco_error *err) {
    struct bco_panel *panel = &figure->panels[0];
    struct bco_series *series = series_of(panel, plot, run, plot->path_count == 1 ? "rewards" : "", 0);
    if (!series) return bco_fail_memory(err);
    if (bco_record_kind(record, "reliability") == BCO_MISSING) return bco_record_missing(record, "reliability", err);
    for (int i = 0; i < BCO_RELIABILITY_BINS; i++) {
        struct bco_point point = {.low = NAN, .high = NAN};
        char p[40], up[40], n[40];
        double count;
        snprintf(p, sizeof p, "reliability.%d.p", i);
        snprintf(up, sizeof up, "reliability.%d.up", i);
        if (bco_column_number(record, p, &point.x) != BCO_COLUMN_NUMBER) continue;
        if (bco_column_number(record, up, &point.y) != BCO_COLUMN_NUMBER) continue;
        snprintf(n, sizeof n, "reliability.%d.n", i);
        if (bco_column_number(record, n, &count) == BCO_COLUMN_NUMBER) set_interval(&point, count);
        if (!bco_series_add(series, point)) return bco_fail_memory(err);
    }
    return BCO_OK;
}

/* What rewards that mean what they say would give. */
static enum bco_code add_diagonal(struct bco_panel *panel, struct bco_error *err) {
    struct bco_series *series = bco_panel_series(panel, "perfect", BCO_COLOURS - 1, 1);
    for (int i = 0; series && i < 2; i++)
        if (!bco_series_add(series, (struct bco_point){i, i, NAN, NAN})) series = NULL;
    return series ? BCO_OK : bco_fail_memory(err);
}

/* ---- reading ------------------------------------------------------------------------------------ */

typedef enum bco_code add_one(struct bco_figure *figure, const struct bco_plot *plot, size_t run,
                              const struct bco_record *record, struct bco_error *err);

static enum bco_code read_file(struct bco_figure *figure, const struct bco_plot *plot, size_t run, add_one *add,
                               struct bco_error *err) {
    struct bco_reader *reader;
    struct bco_record *record;
    enum bco_code code = bco_reader_open(&reader, &plot->paths[run], 1, NULL, err);
    while (!code) {
        code = bco_reader_next(reader, &record, err);
        if (code == BCO_EUSAGE) /* it would ask for an option that there is not */
            code = bco_fail_at(err, BCO_EDATA, plot->paths[run], 1, NULL, "no JSON, expected one object a line");
        if (code || !record) break;
        code = add(figure, plot, run, record, err);
    }
    bco_reader_close(reader);
    return code;
}

/* Leaves out the panels that have nothing; a logarithmic axis is for what goes over decades. */
static void drop_empty(struct bco_figure *figure) {
    struct bco_range range;
    size_t kept = 0;
    for (size_t i = 0; i < figure->count; i++) {
        if (!bco_panel_range(&figure->panels[i], &range)) continue;
        figure->panels[i].log_y &= range.y_high > 10 * range.y_low;
        struct bco_panel panel = figure->panels[kept];
        figure->panels[kept++] = figure->panels[i];
        figure->panels[i] = panel;
    }
    figure->count = kept;
}

static add_one *start(struct bco_figure *figure, const struct bco_plot *plot) {
    figure->count = 1;
    switch (plot->kind) {
    case BCO_PLOT_METRICS:
    case BCO_PLOT_ERROR_TERM: set_panels(figure, plot); return add_metrics;
    case BCO_PLOT_WINRATE:
        figure->panels[0] = (struct bco_panel){
            .title = "win rate of A over B", .x_label = "win rate (%)", .marks = BCO_MARK_INTERVALS, .reference = 50};
        return add_winrate;
    case BCO_PLOT_LENGTHS:
        figure->panels[0] = (struct bco_panel){.title = "lengths of completions",
                                               .x_label = "length (characters)",
                                               .y_label = "share of completions (%)",
                                               .marks = BCO_MARK_STEPS,
                                               .reference = NAN};
        return add_record;
    case BCO_PLOT_RELIABILITY:
        figure->panels[0] = (struct bco_panel){.title = "reliability of rewards",
                                               .x_label = "P(up) by the reward",
                                               .y_label = "share of ups",
                                               .marks = BCO_MARK_SHARES,
                                               .reference = NAN};
        return add_reliability;
    case BCO_PLOT_REWARDS: break;
    }
    figure->panels[0] = (struct bco_panel){.title = "rewards of completions",
                                           .x_label = "reward",
                                           .y_label = "share of completions (%)",
                                           .marks = BCO_MARK_STEPS,
                                           .reference = NAN};
    return add_record;
}

enum bco_code bco_figure_read(struct bco_figure *figure, const struct bco_plot *plot, struct bco_error *err) {
    add_one *add = start(figure, plot);
    enum bco_code code = BCO_OK;
    if (plot->title && !(figure->title = bco_figure_name(plot->title, strlen(plot->title), LONGEST_TITLE)))
        code = bco_fail_memory(err);
    for (size_t i = 0; !code && i < plot->path_count; i++) code = read_file(figure, plot, i, add, err);
    if (!code && add == add_record) code = make_histogram(&figure->panels[0], plot->kind == BCO_PLOT_LENGTHS, err);
    if (code) return code;
    drop_empty(figure);
    if (figure->count && add == add_reliability) code = add_diagonal(&figure->panels[0], err);
    if (code) return code;
    return figure->count ? BCO_OK : bco_fail(err, BCO_EDATA, "nothing to draw");
}

enum bco_code bco_plot_run(const struct bco_plot *plot, struct bco_writer *writer, struct bco_error *err) {
    struct bco_figure figure = {0};
    struct bco_buf text = {0};
    bool drawn = plot->form == BCO_PLOT_TEXT || plot->form == BCO_PLOT_ASCII;
    enum bco_code code = bco_figure_read(&figure, plot, err);
    if (!code && drawn) code = bco_figure_text(&figure, plot, &text, err);
    if (!code && !drawn) bco_figure_script(&figure, plot, &text);
    if (!code && text.failed) code = bco_fail_memory(err);
    if (!code && drawn) code = bco_writer_bytes(writer, text.data, text.length, err);
    if (!code && !drawn) code = bco_figure_gnuplot(&text, writer, err);
    bco_buf_free(&text);
    bco_figure_free(&figure);
    return code;
}

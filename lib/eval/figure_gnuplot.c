/* A figure as commands for gnuplot. What users wrote stands in single quotes,
 * where nothing is special but the quote itself, and enhanced text is off. */
#include "base/fail.h"
#include "base/mem.h"
#include "eval/figure.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Okabe and Ito's, the strongest first. */
static const char *const colours[BCO_COLOURS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                 "#E69F00", "#56B4E9", "#000000"};

static void quote(struct bco_buf *s, const char *text) {
    bco_buf_char(s, '\'');
    for (; *text; text++) {
        if (*text == '\'') bco_buf_char(s, '\'');
        bco_buf_char(s, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    bco_buf_char(s, '\'');
}

/* The label of a tick is a format of numbers, too. */
static void quote_label(struct bco_buf *s, const char *text) {
    bco_buf_char(s, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '%') bco_buf_char(s, *text);
        bco_buf_char(s, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    bco_buf_char(s, '\'');
}

static void number(struct bco_buf *s, double x) {
    bco_buf_double(s, x);
    bco_buf_char(s, ' ');
}

/* ---- data ----------------------------------------------------------------------------- */

enum { LONG = 50 }; /* points of a noisy line that need their mean to be seen */

static bool is_smoothed(const struct bco_panel *panel, const struct bco_series *series) {
    return panel->noisy && series->count >= LONG;
}

/* The mean of the points around `at`: a twentieth of all, fewer at the ends. */
static double running_mean(const struct bco_series *series, size_t at) {
    size_t side = series->count / 40, end = at + side + 1 < series->count ? at + side + 1 : series->count;
    size_t begin = at < side ? 0 : at - side;
    double sum = 0;
    for (size_t i = begin; i < end; i++) sum += series->points[i].y;
    return sum / (double)(end - begin);
}

static void write_data(struct bco_buf *s, const struct bco_figure *figure) {
    for (size_t i = 0; i < figure->count; i++)
        for (size_t j = 0; j < figure->panels[i].count; j++) {
            const struct bco_series *series = &figure->panels[i].series[j];
            bool upright = figure->panels[i].marks == BCO_MARK_SHARES;
            bco_buf_printf(s, "$d%zu_%zu << EOD\n", i, j);
            for (size_t k = 0; k < series->count; k++) {
                const struct bco_point *p = &series->points[k];
                double middle = upright ? p->y : p->x;
                number(s, p->x);
                number(s, p->y);
                number(s, isnan(p->low) ? middle : p->low);
                number(s, isnan(p->high) ? middle : p->high);
                if (is_smoothed(&figure->panels[i], series)) number(s, running_mean(series, k));
                bco_buf_char(s, '\n');
            }
            bco_buf_str(s, "EOD\n");
        }
}

/* ---- panels ------------------------------------------------------------------------------ */

static const char *point_of(const struct bco_series *series) {
    static const char *const points[] = {"7", "5", "9", "13", "11", "6", "4"};
    return points[series->colour % BCO_COLOURS];
}

/* A long noisy line is light, and its mean strong. */
static void plot_line(struct bco_buf *s, const struct bco_panel *panel, size_t i, size_t j) {
    const struct bco_series *series = &panel->series[j];
    const char *colour = colours[series->colour % BCO_COLOURS], *dash = series->dash ? "(7,4)" : "1";
    if (is_smoothed(panel, series)) {
        bco_buf_printf(s, "using 1:2 with lines lw 1 lc rgb '#c0%s' notitle", colour + 1);
        bco_buf_printf(s, ", $d%zu_%zu using 1:5 with lines lw 2.5 dt %s lc rgb '%s'", i, j, dash, colour);
    } else if (panel->marks == BCO_MARK_SHARES && !series->dash) {
        bco_buf_printf(s, "using 1:2:3:4 with yerrorlines pt %s ps 0.8 lw 2 lc rgb '%s'", point_of(series), colour);
    } else {
        const char *how = panel->marks == BCO_MARK_STEPS ? "steps" : panel->noisy ? "linespoints" : "lines";
        bco_buf_printf(s, "using 1:2 with %s lw 2 dt %s pt %s ps 0.5 lc rgb '%s'", how, dash, point_of(series), colour);
    }
}

static void plot_series(struct bco_buf *s, const struct bco_panel *panel, size_t i, size_t j) {
    const struct bco_series *series = &panel->series[j];
    double offset = panel->count > 1 ? ((double)j - (double)(panel->count - 1) / 2) * 0.24 : 0;
    bco_buf_printf(s, "%s $d%zu_%zu ", j ? "," : "plot", i, j);
    if (panel->marks == BCO_MARK_INTERVALS)
        bco_buf_printf(s, "using 1:($2%+.3f):3:4 with xerrorbars pt %s ps 0.9 lw 2 lc rgb '%s'", offset,
                       point_of(series), colours[series->colour % BCO_COLOURS]);
    else
        plot_line(s, panel, i, j);
    bco_buf_str(s, " title ");
    quote(s, series->name);
}

static void set_rows(struct bco_buf *s, const struct bco_panel *panel) {
    bco_buf_str(s, "set ytics (");
    for (size_t i = 0; i < panel->row_count; i++) {
        if (i) bco_buf_str(s, ", ");
        quote_label(s, panel->rows[i]);
        bco_buf_printf(s, " %zu", i);
    }
    bco_buf_printf(s, ")\nset yrange [%.1f:-0.5]\nset xrange [0:100]\n", (double)panel->row_count - 0.5);
}

/* Small numbers as powers of ten: 3e-07, not 0.0000003 here and 3e-07 there. */
static bool is_tiny(const struct bco_panel *panel) {
    struct bco_range range;
    return bco_panel_range(panel, &range) && !panel->log_y && range.y_high > 0 && range.y_high < 1e-2 &&
           range.y_low > -1e-2;
}

static void write_panel(struct bco_buf *s, const struct bco_panel *panel, size_t i) {
    bool rows = panel->marks == BCO_MARK_INTERVALS;
    bool one_name = panel->count == 1 && (!*panel->series[0].name || strcmp(panel->series[0].name, "all") == 0);
    bco_buf_str(s, "set xlabel ");
    quote(s, panel->x_label);
    bco_buf_str(s, "\nset ylabel ");
    quote(s, panel->y_label ? panel->y_label : "");
    if (panel->log_y) bco_buf_str(s, ".' (log scale)'");
    bco_buf_str(s, "\nunset logscale\nset xrange [*:*]\nset yrange [*:*]\nset ytics auto\nunset arrow\n");
    bco_buf_str(s, is_tiny(panel) ? "set format y '%.1e'\n" : "set format y '%g'\n");
    if (panel->log_y) bco_buf_str(s, "set logscale y\n");
    if (panel->marks == BCO_MARK_STEPS) bco_buf_str(s, "set yrange [0:*]\n");
    if (rows) set_rows(s, panel);
    if (!isnan(panel->reference))
        bco_buf_printf(s, "set arrow from %g, graph 0 to %g, graph 1 nohead dt 3 lc rgb '#666666'\n", panel->reference,
                       panel->reference);
    bco_buf_str(s, one_name ? "unset key\n" : "set key tmargin center horizontal Left reverse samplen 3 width 2\n");
    for (size_t j = 0; j < panel->count; j++) plot_series(s, panel, i, j);
    bco_buf_char(s, '\n');
}

static size_t height_of(const struct bco_figure *figure) {
    size_t rows = (figure->count + 1) / 2;
    if (figure->count == 1 && figure->panels[0].marks == BCO_MARK_INTERVALS)
        return 190 + 40 * figure->panels[0].row_count;
    return figure->count == 1 ? 460 : 340 * rows;
}

void bco_figure_script(const struct bco_figure *figure, const struct bco_plot *plot, struct bco_buf *s) {
    bool svg = plot->form == BCO_PLOT_SVG, several = figure->count > 1;
    size_t width = plot->width ? plot->width : several ? 1080 : 720;
    size_t height = plot->height ? plot->height : height_of(figure);
    bco_buf_printf(s, "set terminal %s size %zu,%zu noenhanced font '%s,%d' background '#ffffff'\n",
                   svg ? "svg" : "pngcairo", width, height, svg ? "Helvetica,Arial,sans-serif" : "Sans", svg ? 13 : 11);
    bco_buf_str(s, "set encoding utf8\nset border 3 lc rgb '#444444'\nset tics nomirror out\nset grid xtics ytics lt 1 "
                   "lw 0.5 lc rgb '#cccccc'\n"
                   "set bars 0.6\n");
    write_data(s, figure);
    const char *title = figure->title ? figure->title : several ? NULL : figure->panels[0].title;
    if (several) bco_buf_printf(s, "set multiplot layout %zu,2", (figure->count + 1) / 2);
    if (title) {
        bco_buf_str(s, several ? " title " : "set title ");
        quote(s, title);
        bco_buf_printf(s, " font ',%d'", svg ? 16 : 13);
    }
    bco_buf_char(s, '\n');
    for (size_t i = 0; i < figure->count; i++) write_panel(s, &figure->panels[i], i);
    if (several) bco_buf_str(s, "unset multiplot\n");
}

/* ---- running it -------------------------------------------------------------------------------- */

/* gnuplot with the files as its standard input, output and error. */
static enum bco_code spawn(FILE *const files[3], pid_t *pid, struct bco_error *err) {
    static char name[] = "gnuplot", plain[] = "--default-settings";
    char *argv[] = {name, plain, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return bco_fail_memory(err);
    for (int i = 0; !error && i < 3; i++) error = posix_spawn_file_actions_adddup2(&actions, fileno(files[i]), i);
    if (!error) error = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        return bco_fail(err, BCO_ESYSTEM, "gnuplot is not there: install it, or draw with --text, which needs none");
    errno = error;
    return error ? bco_fail_errno(err, NULL, "cannot start gnuplot") : BCO_OK;
}

static enum bco_code wait_for(pid_t pid, FILE *messages, struct bco_error *err) {
    int status;
    char line[256] = "";
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return bco_fail_errno(err, NULL, "cannot wait for gnuplot");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return BCO_OK;
    rewind(messages);
    while (fgets(line, sizeof line, messages) && strspn(line, " \t\r\n^") == strlen(line)) continue;
    line[strcspn(line, "\r\n")] = 0;
    return bco_fail(err, BCO_ESYSTEM, "gnuplot failed: %s", line);
}

static enum bco_code copy_picture(FILE *from, struct bco_writer *writer, struct bco_error *err) {
    char bytes[16384];
    size_t length, total = 0;
    enum bco_code code = BCO_OK;
    rewind(from);
    while (!code && (length = fread(bytes, 1, sizeof bytes, from)) > 0) {
        code = bco_writer_bytes(writer, bytes, length, err);
        total += length;
    }
    if (!code && ferror(from)) return bco_fail_errno(err, NULL, "cannot read gnuplot's picture");
    return code || total ? code : bco_fail(err, BCO_ESYSTEM, "gnuplot drew nothing");
}

enum bco_code bco_figure_gnuplot(const struct bco_buf *script, struct bco_writer *writer, struct bco_error *err) {
    FILE *files[3] = {NULL, NULL, NULL};
    enum bco_code code = BCO_OK;
    pid_t pid = 0;
    for (int i = 0; !code && i < 3; i++)
        if (!(files[i] = tmpfile())) code = bco_fail_errno(err, NULL, "cannot make a temporary file");
    if (!code && (fwrite(script->data, 1, script->length, files[0]) != script->length || fflush(files[0]) ||
                  fseek(files[0], 0, SEEK_SET)))
        code = bco_fail_errno(err, NULL, "cannot write a temporary file");
    if (!code) code = spawn(files, &pid, err);
    if (!code) code = wait_for(pid, files[2], err);
    if (!code) code = copy_picture(files[1], writer, err);
    for (int i = 0; i < 3; i++)
        if (files[i]) fclose(files[i]);
    return code;
}

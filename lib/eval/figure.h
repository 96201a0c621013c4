/* A figure: panels of series of points, before anybody knows how they are drawn. */
#ifndef BCO_EVAL_FIGURE_H
#define BCO_EVAL_FIGURE_H

#include "base/buf.h"

#include <bco/plot.h>

enum { BCO_COLOURS = 7, BCO_MOST_PANELS = 6 };

enum bco_marks {
    BCO_MARK_LINES,
    BCO_MARK_STEPS,     /* histograms: y holds from x to the next x */
    BCO_MARK_SHARES,    /* lines through points whose y has low and high, where these are not NaN */
    BCO_MARK_INTERVALS, /* x with low and high, one row a point, named */
};

struct bco_point {
    double x, y, low, high;
};

struct bco_series {
    char *name;
    int colour, dash; /* indexes */
    struct bco_point *points;
    size_t count, capacity;
};

struct bco_panel {
    const char *title, *x_label, *y_label;
    enum bco_marks marks;
    bool log_y;
    bool noisy;       /* lines: long ones are drawn with their running mean */
    double reference; /* a line at this x of intervals; NaN: none */
    struct bco_series *series;
    size_t count, capacity;
    char **rows; /* of intervals: the names of y = 0, 1, ... from the top down */
    size_t row_count, row_capacity;
};

struct bco_figure {
    char *title; /* NULL: none */
    struct bco_panel panels[BCO_MOST_PANELS];
    size_t count;
};

void bco_figure_free(struct bco_figure *figure); /* what it owns */

/* The series of that name, made where it is not there. NULL: out of memory. */
struct bco_series *bco_panel_series(struct bco_panel *panel, const char *name, int colour, int dash);
bool bco_series_add(struct bco_series *series, struct bco_point point); /* false: out of memory */
bool bco_panel_row(struct bco_panel *panel, const char *name);          /* false: out of memory */

/* The smallest and greatest x and y of all points with their intervals; false: there are none. */
struct bco_range {
    double x_low, x_high, y_low, y_high;
};
bool bco_panel_range(const struct bco_panel *panel, struct bco_range *range);

/* A name made fit for a legend: control characters and broken UTF-8 replaced, not longer than `most` characters. */
char *bco_figure_name(const char *text, size_t length, size_t most);

/* Reads what the plot is of. */
enum bco_code bco_figure_read(struct bco_figure *figure, const struct bco_plot *plot, struct bco_error *err);

/* Draws it. */
enum bco_code bco_figure_text(const struct bco_figure *figure, const struct bco_plot *plot, struct bco_buf *out,
                              struct bco_error *err);
void bco_figure_script(const struct bco_figure *figure, const struct bco_plot *plot, struct bco_buf *script);
enum bco_code bco_figure_gnuplot(const struct bco_buf *script, struct bco_writer *writer, struct bco_error *err);

#endif

/* A figure drawn with characters, for terminals and logs. */
#include "base/fail.h"
#include "base/mem.h"
#include "eval/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARGIN = 10, NAMES = 28 };

struct canvas {
    size_t width, height;
    unsigned char *cells; /* 0: nothing, else 1 + the series' number in the marks below */
    bool ascii;
};

static const char *const ascii_marks[BCO_COLOURS] = {"*", "o", "+", "x", "#", "@", "%"};
static const char *const marks[BCO_COLOURS] = {"●", "○", "▲", "△", "■", "□", "◆"};

static const char *mark(bool ascii, size_t series) {
    return (ascii ? ascii_marks : marks)[series % BCO_COLOURS];
}

static void repeat(struct bco_buf *out, const char *text, size_t times) {
    for (size_t i = 0; i < times; i++) bco_buf_str(out, text);
}

/* Code points, each of which takes one column here. */
static size_t columns(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* A name of user's making, in ASCII where only that is wanted. */
static void put_name(struct bco_buf *out, const char *name, bool ascii) {
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (!ascii || c < 0x80)
            bco_buf_char(out, *name);
        else if ((c & 0xC0) != 0x80)
            bco_buf_char(out, '?');
    }
}

/* ---- curves and steps ----------------------------------------------------------------------- */

static double scaled(const struct bco_panel *panel, double y) {
    return panel->log_y ? log10(y) : y;
}

static void set_cell(struct canvas *c, double x, double y, size_t series) {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return;
    size_t column = (size_t)lround(x * (double)(c->width - 1)), row = (size_t)lround((1 - y) * (double)(c->height - 1));
    c->cells[row * c->width + column] = (unsigned char)(1 + series % BCO_COLOURS);
}

/* Every column between two points gets its mark, so that a line is seen. */
static void draw_series(struct canvas *c, const struct bco_panel *panel, size_t series, const struct bco_range *r) {
    const struct bco_series *s = &panel->series[series];
    double low = scaled(panel, r->y_low), high = scaled(panel, r->y_high), x_span = r->x_high - r->x_low;
    for (size_t i = 0; i < s->count; i++) {
        double x = x_span > 0 ? (s->points[i].x - r->x_low) / x_span : 0.5, next = x;
        double y = high > low ? (scaled(panel, s->points[i].y) - low) / (high - low) : 0.5, y_next = y;
        if (i + 1 < s->count) {
            next = x_span > 0 ? (s->points[i + 1].x - r->x_low) / x_span : 0.5;
            y_next = high > low ? (scaled(panel, s->points[i + 1].y) - low) / (high - low) : 0.5;
        }
        if (panel->marks == BCO_MARK_STEPS) y_next = y;
        int steps = (int)fmax(1, ceil((next - x) * (double)c->width));
        for (int k = 0; k < steps; k++) {
            double share = (double)k / steps;
            set_cell(c, x + (next - x) * share, y + (y_next - y) * share, series);
        }
    }
}

static void write_canvas(const struct canvas *c, const struct bco_panel *panel, const struct bco_range *r,
                         struct bco_buf *out) {
    for (size_t row = 0; row < c->height; row++) {
        size_t end = c->width;
        char label[32] = "";
        if (row == 0) snprintf(label, sizeof label, "%.4g", r->y_high);
        if (row == c->height - 1) snprintf(label, sizeof label, "%.4g", r->y_low);
        bco_buf_printf(out, "%*s %s", MARGIN, label, c->ascii ? "|" : "│");
        while (end > 0 && !c->cells[row * c->width + end - 1]) end--;
        for (size_t i = 0; i < end; i++) {
            unsigned char cell = c->cells[row * c->width + i];
            bco_buf_str(out, cell ? mark(c->ascii, cell - 1u) : " ");
        }
        bco_buf_char(out, '\n');
    }
    char low[32], high[32];
    int left = snprintf(low, sizeof low, "%.6g", r->x_low), right = snprintf(high, sizeof high, "%.6g", r->x_high);
    size_t used = columns(panel->x_label) + (size_t)(left + right);
    size_t rest = c->width > used ? c->width - used : 2;
    bco_buf_printf(out, "%*s %s", MARGIN, "", c->ascii ? "+" : "└");
    repeat(out, c->ascii ? "-" : "─", c->width);
    bco_buf_printf(out, "\n%*s%s", MARGIN + 2, "", low);
    repeat(out, " ", rest / 2);
    bco_buf_str(out, panel->x_label);
    repeat(out, " ", rest - rest / 2);
    bco_buf_printf(out, "%s\n", high);
}

static enum bco_code draw_canvas(const struct bco_panel *panel, const struct bco_plot *plot, struct bco_buf *out,
                                 struct bco_error *err) {
    bool ascii = plot->form == BCO_PLOT_ASCII;
    size_t width = plot->width ? plot->width : 80, height = plot->height ? plot->height : 12;
    struct canvas c = {.width = width > MARGIN + 22 ? width - MARGIN - 2 : 20, .height = height, .ascii = ascii};
    struct bco_range range;
    size_t cells;
    if (!bco_size_mul(c.width, c.height, &cells)) return bco_fail_memory(err);
    c.cells = bco_calloc(cells, 1);
    if (!c.cells) return bco_fail_memory(err);
    bco_panel_range(panel, &range);
    if (panel->marks == BCO_MARK_STEPS) range.y_low = 0;
    for (size_t i = 0; i < panel->count; i++) draw_series(&c, panel, i, &range);
    bco_buf_printf(out, "%s: %s%s\n", panel->title, panel->y_label, panel->log_y ? " (log scale)" : "");
    write_canvas(&c, panel, &range, out);
    for (size_t i = 0; i < panel->count; i++) {
        if (panel->count == 1 && strcmp(panel->series[i].name, "all") == 0) continue;
        bco_buf_printf(out, "%*s%s ", MARGIN + 2, "", mark(ascii, i));
        put_name(out, panel->series[i].name, ascii);
        bco_buf_char(out, '\n');
    }
    free(c.cells);
    return BCO_OK;
}

/* ---- intervals --------------------------------------------------------------------------------- */

static void draw_interval(const struct bco_point *p, double reference, size_t width, bool ascii, size_t series,
                          struct bco_buf *out) {
    bool known = !isnan(p->low) && !isnan(p->high);
    size_t low = (size_t)lround(fmax(known ? p->low : p->x, 0) / 100 * (double)(width - 1));
    size_t high = (size_t)lround(fmin(known ? p->high : p->x, 100) / 100 * (double)(width - 1));
    size_t at = (size_t)lround(p->x / 100 * (double)(width - 1));
    size_t middle = (size_t)lround(reference / 100 * (double)(width - 1));
    for (size_t i = 0; i < width; i++) {
        if (i == at)
            bco_buf_str(out, mark(ascii, series));
        else if (i == low || i == high)
            bco_buf_str(out, ascii ? "|" : i == low ? "├" : "┤");
        else if (i > low && i < high)
            bco_buf_str(out, ascii ? "-" : "─");
        else
            bco_buf_str(out, i == middle ? (ascii ? ":" : "┊") : " ");
    }
    bco_buf_printf(out, " %6.2f", p->x);
    if (known) bco_buf_printf(out, " (%.2f to %.2f)", p->low, p->high);
    bco_buf_char(out, '\n');
}

static void put_row_name(const char *name, bool ascii, struct bco_buf *out) {
    size_t used = columns(name), end = 0;
    for (size_t shown = 0; name[end]; end++) {
        shown += ((unsigned char)name[end] & 0xC0) != 0x80;
        if (shown > NAMES) break;
    }
    char cut[4 * NAMES + 1];
    snprintf(cut, sizeof cut, "%.*s", (int)end, name);
    put_name(out, cut, ascii);
    repeat(out, " ", used < NAMES ? NAMES - used : 0);
    bco_buf_char(out, ' ');
}

static void draw_rows(const struct bco_panel *panel, const struct bco_plot *plot, struct bco_buf *out) {
    bool ascii = plot->form == BCO_PLOT_ASCII;
    size_t total = plot->width ? plot->width : 100, width = total > NAMES + 50 ? total - NAMES - 26 : 24;
    bco_buf_printf(out, "%s: %s\n", panel->title, panel->x_label);
    for (size_t row = 0; row < panel->row_count; row++) {
        const char *name = panel->rows[row];
        for (size_t i = 0; i < panel->count; i++)
            for (size_t j = 0; j < panel->series[i].count; j++) {
                const struct bco_point *p = &panel->series[i].points[j];
                if (p->y != (double)row) continue;
                put_row_name(name, ascii, out);
                draw_interval(p, panel->reference, width, ascii, i, out);
                name = "";
            }
    }
    bco_buf_printf(out, "%*s0%*s\n", NAMES + 1, "", (int)width - 1, "100");
    for (size_t i = 0; i < panel->count; i++)
        bco_buf_printf(out, "%*s%s %s\n", NAMES + 1, "", mark(ascii, i), panel->series[i].name);
}

enum bco_code bco_figure_text(const struct bco_figure *figure, const struct bco_plot *plot, struct bco_buf *out,
                              struct bco_error *err) {
    enum bco_code code = BCO_OK;
    if (figure->title) {
        put_name(out, figure->title, plot->form == BCO_PLOT_ASCII);
        bco_buf_str(out, "\n\n");
    }
    for (size_t i = 0; !code && i < figure->count; i++) {
        if (i) bco_buf_char(out, '\n');
        if (figure->panels[i].marks == BCO_MARK_INTERVALS)
            draw_rows(&figure->panels[i], plot, out);
        else
            code = draw_canvas(&figure->panels[i], plot, out, err);
    }
    return code;
}

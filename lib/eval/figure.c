#include "eval/figure.h"

#include "base/mem.h"
#include "stream/utf8.h"

#include <math.h>
#include <string.h>

static void panel_free(struct bco_panel *panel) {
    for (size_t i = 0; i < panel->count; i++) {
        free(panel->series[i].name);
        free(panel->series[i].points);
    }
    for (size_t i = 0; i < panel->row_count; i++) free(panel->rows[i]);
    free(panel->series);
    free(panel->rows);
}

void bco_figure_free(struct bco_figure *figure) {
    free(figure->title);
    for (size_t i = 0; i < BCO_MOST_PANELS; i++) panel_free(&figure->panels[i]);
}

struct bco_series *bco_panel_series(struct bco_panel *panel, const char *name, int colour, int dash) {
    for (size_t i = 0; i < panel->count; i++)
        if (strcmp(panel->series[i].name, name) == 0) return &panel->series[i];
    if (!bco_grow((void **)&panel->series, &panel->capacity, panel->count + 1, sizeof *panel->series)) return NULL;
    char *copy = bco_strndup(name, strlen(name));
    if (!copy) return NULL;
    panel->series[panel->count] = (struct bco_series){.name = copy, .colour = colour, .dash = dash};
    return &panel->series[panel->count++];
}

bool bco_series_add(struct bco_series *series, struct bco_point point) {
    if (!bco_grow((void **)&series->points, &series->capacity, series->count + 1, sizeof *series->points)) return false;
    series->points[series->count++] = point;
    return true;
}

bool bco_panel_row(struct bco_panel *panel, const char *name) {
    if (!bco_grow((void **)&panel->rows, &panel->row_capacity, panel->row_count + 1, sizeof *panel->rows)) return false;
    char *copy = bco_strndup(name, strlen(name));
    if (!copy) return false;
    panel->rows[panel->row_count++] = copy;
    return true;
}

static void widen(struct bco_range *range, double x, double y) {
    if (!isnan(x)) range->x_low = fmin(range->x_low, x);
    if (!isnan(x)) range->x_high = fmax(range->x_high, x);
    range->y_low = fmin(range->y_low, y);
    range->y_high = fmax(range->y_high, y);
}

bool bco_panel_range(const struct bco_panel *panel, struct bco_range *range) {
    *range = (struct bco_range){INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < panel->count; i++)
        for (size_t j = 0; j < panel->series[i].count; j++) {
            const struct bco_point *p = &panel->series[i].points[j];
            widen(range, p->x, p->y);
            if (panel->marks == BCO_MARK_INTERVALS) widen(range, p->low, p->y);
            if (panel->marks == BCO_MARK_INTERVALS) widen(range, p->high, p->y);
        }
    return range->x_low <= range->x_high && range->y_low <= range->y_high;
}

/* The bytes of a character that can be shown, or 0. */
static size_t character(const char *text, size_t length) {
    unsigned char first = (unsigned char)*text;
    size_t size = bco_utf8_character(text, length, NULL);
    if (first < 0x20 || first == 0x7F) return 0;
    return size == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0 ? 0 : size;
}

char *bco_figure_name(const char *text, size_t length, size_t most) {
    char *name = bco_malloc(4 * most + 4, 1);
    size_t used = 0, characters = 0;
    if (!name) return NULL;
    for (size_t i = 0; i < length && characters < most; characters++) {
        size_t size = character(text + i, length - i);
        if (size)
            memcpy(name + used, text + i, size);
        else
            name[used] = '?';
        used += size ? size : 1;
        i += size ? size : 1;
    }
    name[used] = 0;
    return name;
}

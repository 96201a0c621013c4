/* The names of what struct bco_stat holds, in the order of its JSON. */
#ifndef BCO_DATA_FIGURES_H
#define BCO_DATA_FIGURES_H

#include <bco/stat.h>
#include <stddef.h>

struct bco_figure {
    const char *name; /* "a.b": b inside a; the members of one a follow each other */
    size_t offset;    /* of a double in struct bco_stat */
};

extern const struct bco_figure bco_figures[];
extern const size_t bco_figure_count;

double bco_figure_value(const struct bco_stat *stat, const struct bco_figure *figure);

#endif

/* Pictures of a run's metrics, of win rates, of lengths: SVG and PNG through
 * gnuplot, or drawn in text. */
#ifndef BCO_PLOT_H
#define BCO_PLOT_H

#include <bco/error.h>
#include <bco/record.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bco_plot_kind {
    BCO_PLOT_METRICS,     /* bco-train's metrics: loss, rewards, delta, KL, error term, learning rate by step */
    BCO_PLOT_WINRATE,     /* rows of bco-winrate --json: win rates with their intervals */
    BCO_PLOT_ERROR_TERM,  /* of the metrics, the error term alone */
    BCO_PLOT_LENGTHS,     /* records: how long completions are, in code points, by label */
    BCO_PLOT_REWARDS,     /* records with rewards: their distribution by label */
    BCO_PLOT_RELIABILITY, /* bco-reward --summary --json: the share of ups by the probability that rewards give */
};

enum bco_plot_form {
    BCO_PLOT_SVG,
    BCO_PLOT_PNG,
    BCO_PLOT_TEXT, /* UTF-8 */
    BCO_PLOT_ASCII,
};

struct bco_plot {
    enum bco_plot_kind kind;
    enum bco_plot_form form;
    const char *const *paths; /* one or more files; "-" is standard input */
    size_t path_count;
    const char *title;    /* UTF-8; NULL: none */
    size_t width, height; /* pixels, or columns and lines a panel of text; 0: chosen here */
};

/* Reads the files and writes the picture. Several files are drawn over each other and told apart
 * by name, colour and dashes. The colours are those of Okabe and Ito (2008), which people of all kinds of
 * colour vision tell apart. Nothing that is read becomes a command of gnuplot.
 * BCO_EDATA: a record is not of that kind, or there is nothing to draw.
 * BCO_ESYSTEM: gnuplot is not there or fails (SVG and PNG only); reading or writing failed. */
BCO_API enum bco_code bco_plot_run(const struct bco_plot *plot, struct bco_writer *writer, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif

/* bco-plot: metrics, win rates and distributions as pictures. */
#include "common/cli.h"

#include <bco/plot.h>

#include <string.h>

struct settings {
    struct cli cli;
    const char *title;
    bool text, ascii;
    uint64_t width, height;
    struct bco_plot plot;
};

static bool ends_with(const char *name, const char *end) {
    size_t length = name ? strlen(name) : 0, tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

/* -1: go on. */
static int choose_form(struct settings *s) {
    bool svg = ends_with(s->cli.output, ".svg"), png = ends_with(s->cli.output, ".png");
    if (s->text || s->ascii) {
        if (svg || png) return cli_usage(&s->cli, "--text and -o %s: a picture, or text?", s->cli.output);
        s->plot.form = s->ascii ? BCO_PLOT_ASCII : BCO_PLOT_TEXT;
        return -1;
    }
    if (!svg && !png)
        return cli_usage(&s->cli, "-o FILE.svg or -o FILE.png is missing, or --text to draw in the terminal");
    s->plot.form = svg ? BCO_PLOT_SVG : BCO_PLOT_PNG;
    return -1;
}

/* The first argument is what is drawn, the others are files. -1: go on. */
static int check_usage(struct settings *s) {
    static const char *const kinds[] = {"metrics", "winrate", "error-term", "lengths", "rewards", "reliability"};
    static const char *const standard_input[] = {"-"};
    size_t kind = 0, count = sizeof kinds / sizeof *kinds;
    if (s->cli.argument_count == 0)
        return cli_usage(&s->cli,
                         "what to draw is missing: metrics, winrate, error-term, lengths, rewards or reliability");
    while (kind < count && strcmp(s->cli.arguments[0], kinds[kind]) != 0) kind++;
    if (kind == count)
        return cli_usage(&s->cli,
                         "cannot draw '%s', expected metrics, winrate, error-term, lengths, rewards or reliability",
                         s->cli.arguments[0]);
    if (s->cli.rejects) return cli_usage(&s->cli, "--rejects: a picture of a part of the records is refused");
    bool files = s->cli.argument_count > 1;
    s->plot.kind = (enum bco_plot_kind)kind;
    s->plot.paths = files ? s->cli.arguments + 1 : standard_input;
    s->plot.path_count = files ? s->cli.argument_count - 1 : 1;
    s->plot.title = s->title;
    s->plot.width = (size_t)s->width;
    s->plot.height = (size_t)s->height;
    return choose_form(s);
}

static enum bco_code run(struct settings *s, struct bco_error *err) {
    struct bco_writer *out = NULL;
    enum bco_code code = bco_writer_open(&out, s->cli.output, err);
    if (!code) code = bco_plot_run(&s->plot, out, err);
    if (!code) return bco_writer_close(out, err);
    bco_writer_discard(out);
    return code;
}

int main(int argc, char **argv) {
    struct settings s = {.text = false};
    struct bco_error err = {0};
    const struct cli_option options[] = {
        {NULL, 0, CLI_FLAG, NULL, NULL, "WHAT is metrics, winrate, error-term, lengths, rewards or reliability", NULL,
         0, 0, NULL},
        {"text", 0, CLI_FLAG, &s.text, NULL, "draw with characters, without gnuplot", NULL, 0, 0, NULL},
        {"ascii", 0, CLI_FLAG, &s.ascii, NULL, "the same with ASCII alone", NULL, 0, 0, NULL},
        {"title", 0, CLI_TEXT, &s.title, "TEXT", "over the picture", NULL, 0, 0, NULL},
        {"width", 0, CLI_COUNT, &s.width, "N", "pixels, or columns of text", NULL, 20, 10000, NULL},
        {"height", 0, CLI_COUNT, &s.height, "N", "pixels, or lines a panel of text [12]", NULL, 3, 10000, NULL},
    };
    const struct cli_tool tool = {.name = "bco-plot",
                                  .usage = "WHAT [options] [FILE...]",
                                  .about = "Pictures of training, win rates and records.",
                                  .options = options,
                                  .count = sizeof options / sizeof *options};
    int status = cli_parse(&s.cli, &tool, argc, argv, false);
    if (status < 0) status = check_usage(&s);
    if (status >= 0) return status;
    return cli_finish(&s.cli, run(&s, &err), &err);
}

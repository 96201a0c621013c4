/* What bco-plot reads: the first byte says what is drawn and how, the rest is the file. What gnuplot would get must
 * hold whatever was read inside quotes. */
#include "eval/figure.h"
#include "fuzz.h"

#include <bco/plot.h>

/* Outside data blocks: quotes are closed on their line, and nothing that runs a command stands outside them. */
static void check_script(const struct bco_buf *script) {
    bool quoted = false;
    for (size_t i = 0; i < script->length; i++) {
        char c = script->data[i];
        if (c == '\'') quoted = !quoted;
        if (quoted) FUZZ_CHECK(c != '\n' && c != '\0');
        if (!quoted) FUZZ_CHECK(c != '`' && c != '@' && c != '!' && c != ';' && c != '"' && c != '\0');
    }
    FUZZ_CHECK(!quoted);
}

static void draw(const struct bco_figure *figure, struct bco_plot *plot) {
    struct bco_buf text = {0}, script = {0};
    struct bco_error err;
    enum bco_code code = bco_figure_text(figure, plot, &text, &err);
    FUZZ_CHECK(code == BCO_OK || code == BCO_EDATA);
    plot->form = BCO_PLOT_SVG;
    bco_figure_script(figure, plot, &script);
    FUZZ_CHECK(!script.failed);
    check_script(&script);
    bco_buf_free(&text);
    bco_buf_free(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    char path[64];
    const char *paths[] = {path, path};
    struct bco_figure figure = {0};
    struct bco_error err;
    FILE *file = length ? tmpfile() : NULL;
    if (!file) return 0;
    FUZZ_CHECK(fwrite(bytes + 1, 1, length - 1, file) == length - 1 && fflush(file) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    struct bco_plot plot = {.kind = (enum bco_plot_kind)(bytes[0] % 6),
                            .paths = paths,
                            .path_count = 1 + (bytes[0] / 6) % 2,
                            .form = bytes[0] & 128 ? BCO_PLOT_ASCII : BCO_PLOT_TEXT,
                            .title = bytes[0] & 64 ? "it's `a` @title" : NULL};
    enum bco_code code = bco_figure_read(&figure, &plot, &err);
    FUZZ_CHECK(code == BCO_OK || (code == BCO_EDATA && err.message[0]));
    if (!code) draw(&figure, &plot);
    bco_figure_free(&figure);
    fclose(file);
    return 0;
}

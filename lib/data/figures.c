#include "data/figures.h"

#include "base/buf.h"
#include "base/fail.h"

#include <string.h>

/* A member's name takes no parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FIGURE(member)                                                                                                 \
    { #member, offsetof(struct bco_stat, member) }

const struct bco_figure bco_figures[] = {
    FIGURE(records),
    FIGURE(up),
    FIGURE(down),
    FIGURE(up_share),
    FIGURE(prompts),
    FIGURE(completions_per_prompt),
    FIGURE(prompts_both_labels),
    FIGURE(duplicates),
    FIGURE(conflicts),
    FIGURE(missing_reference),
    FIGURE(weight_up),
    FIGURE(weight_down),
    FIGURE(prompt_chars.min),
    FIGURE(prompt_chars.p25),
    FIGURE(prompt_chars.p50),
    FIGURE(prompt_chars.p75),
    FIGURE(prompt_chars.p95),
    FIGURE(prompt_chars.max),
    FIGURE(prompt_chars.mean),
    FIGURE(completion_chars.min),
    FIGURE(completion_chars.p25),
    FIGURE(completion_chars.p50),
    FIGURE(completion_chars.p75),
    FIGURE(completion_chars.p95),
    FIGURE(completion_chars.max),
    FIGURE(completion_chars.mean),
};
const size_t bco_figure_count = sizeof bco_figures / sizeof *bco_figures;

double bco_figure_value(const struct bco_stat *stat, const struct bco_figure *figure) {
    double value;
    memcpy(&value, (const char *)stat + figure->offset, sizeof value);
    return value;
}

enum bco_code bco_stat_write_json(const struct bco_stat *stat, struct bco_writer *out, struct bco_error *err) {
    struct bco_buf line = {0};
    size_t inside = 0; /* bytes of the name of the object that is open */
    for (size_t i = 0; i < bco_figure_count; i++) {
        const char *name = bco_figures[i].name, *dot = strchr(name, '.');
        size_t outer = dot ? (size_t)(dot - name) : 0;
        bool same = outer && inside == outer && memcmp(name, bco_figures[i - 1].name, outer) == 0;
        if (inside && !same) bco_buf_char(&line, '}');
        bco_buf_char(&line, i ? ',' : '{');
        if (outer && !same) bco_buf_printf(&line, "\"%.*s\":{", (int)outer, name);
        bco_buf_printf(&line, "\"%s\":", outer ? dot + 1 : name);
        bco_buf_double(&line, bco_figure_value(stat, &bco_figures[i]));
        inside = outer;
    }
    bco_buf_str(&line, inside ? "}}\n" : "}\n");
    enum bco_code code = line.failed ? bco_fail_memory(err) : bco_writer_bytes(out, line.data, line.length, err);
    bco_buf_free(&line);
    return code;
}

static void add_lengths(struct bco_buf *text, const char *name, const struct bco_lengths *l) {
    bco_buf_printf(text, "%-12s%9.0f%9.0f%9.0f%9.0f%9.0f%9.0f%11.1f\n", name, l->min, l->p25, l->p50, l->p75, l->p95,
                   l->max, l->mean);
}

static void add_count(struct bco_buf *text, const char *name, double count) {
    bco_buf_printf(text, "%-24s%12.0f\n", name, count);
}

static void add_class(struct bco_buf *text, const char *name, double count, double all, double weight) {
    bco_buf_printf(text, "%-24s%12.0f", name, count);
    if (all > 0) bco_buf_printf(text, "%9.2f %%", 100 * count / all);
    if (weight != count) bco_buf_printf(text, ", weight %g", weight);
    bco_buf_char(text, '\n');
}

static void add_histogram(struct bco_buf *text, const char *name, const uint64_t bins[BCO_LENGTH_BINS]) {
    enum { WIDTH = 40 };
    static const char bar[WIDTH + 1] = "########################################";
    uint64_t most = 1;
    size_t first = BCO_LENGTH_BINS, last = 0;
    for (size_t i = 0; i < BCO_LENGTH_BINS; i++) {
        if (!bins[i]) continue;
        if (bins[i] > most) most = bins[i];
        if (first == BCO_LENGTH_BINS) first = i;
        last = i;
    }
    bco_buf_printf(text, "\n%s, characters\n", name);
    for (size_t i = first; i <= last; i++) {
        unsigned long long low = i ? 1ull << (i - 1) : 0, high = i ? (1ull << i) - 1 : 0;
        int width = (int)((double)bins[i] / (double)most * WIDTH + 0.5);
        bco_buf_printf(text, "%10llu-%-10llu%12llu %.*s\n", low, high, (unsigned long long)bins[i], width, bar);
    }
}

enum bco_code bco_stat_write_table(const struct bco_stat *stat, bool histogram, struct bco_writer *out,
                                   struct bco_error *err) {
    struct bco_buf text = {0};
    double labelled = stat->up + stat->down;
    add_count(&text, "records", stat->records);
    add_class(&text, "up", stat->up, labelled, stat->weight_up);
    add_class(&text, "down", stat->down, labelled, stat->weight_down);
    add_count(&text, "prompts", stat->prompts);
    add_count(&text, "  with both labels", stat->prompts_both_labels);
    bco_buf_printf(&text, "%-24s%12.2f\n", "completions a prompt", stat->completions_per_prompt);
    add_count(&text, "duplicates", stat->duplicates);
    add_count(&text, "conflicts", stat->conflicts);
    add_count(&text, "missing reference", stat->missing_reference);
    bco_buf_printf(&text, "\n%-12s%9s%9s%9s%9s%9s%9s%11s\n", "characters", "min", "25 %", "50 %", "75 %", "95 %", "max",
                   "mean");
    add_lengths(&text, "prompt", &stat->prompt_chars);
    add_lengths(&text, "completion", &stat->completion_chars);
    if (histogram) {
        add_histogram(&text, "prompt", stat->prompt_bins);
        add_histogram(&text, "completion", stat->completion_bins);
    }
    enum bco_code code = text.failed ? bco_fail_memory(err) : bco_writer_bytes(out, text.data, text.length, err);
    bco_buf_free(&text);
    return code;
}

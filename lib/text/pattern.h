/* What tokenizer.json searches texts for: a literal string or a regular
 * expression in Oniguruma's words, which PCRE2 is given translated. */
#ifndef BCO_TEXT_PATTERN_H
#define BCO_TEXT_PATTERN_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <yyjson.h>

struct bco_pattern {
    char *literal; /* NULL: the regular expression is used */
    size_t literal_length;
    void *regex;  /* pcre2_code */
    void *limits; /* pcre2_match_context */
};

/* {"String": "..."} or {"Regex": "..."}; release with bco_pattern_free. */
enum bco_code bco_pattern_read(struct bco_pattern *pattern, yyjson_val *json, struct bco_error *err);
enum bco_code bco_pattern_regex(struct bco_pattern *pattern, const char *regex, size_t length, struct bco_error *err);
void bco_pattern_free(struct bco_pattern *pattern);

/* One search through a text, from its start to its end. */
struct bco_scan {
    const struct bco_pattern *pattern;
    const char *text; /* valid UTF-8 */
    size_t length;
    size_t at;         /* where the next search begins */
    size_t start, end; /* the last match */
    void *match;       /* pcre2_match_data */
};

/* BCO_ESYSTEM: out of memory. The scan is to be ended. */
enum bco_code bco_scan_begin(struct bco_scan *scan, const struct bco_pattern *pattern, struct bco_error *err);
void bco_scan_text(struct bco_scan *scan, const char *text, size_t length);
/* The next match, never overlapping the one before. BCO_EDATA: the regular expression took too long. */
enum bco_code bco_scan_next(struct bco_scan *scan, bool *found, struct bco_error *err);
void bco_scan_end(struct bco_scan *scan);

#endif

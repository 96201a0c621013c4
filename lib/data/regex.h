/* Regular expressions: PCRE2, UTF-8, compiled with its JIT, with limits on what
 * a hostile text can make a match cost. One may be used by several threads,
 * each with a match of its own. */
#ifndef BCO_DATA_REGEX_H
#define BCO_DATA_REGEX_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>

struct bco_regex;
struct bco_regex_match;

/* `what` names the option in the error (BCO_EUSAGE). `fold`: without case. */
enum bco_code bco_regex_new(struct bco_regex **regex, const char *what, const char *pattern, size_t length, bool fold,
                            struct bco_error *err);
void bco_regex_free(struct bco_regex *regex);
size_t bco_regex_groups(const struct bco_regex *regex);

struct bco_regex_match *bco_regex_match_new(void); /* NULL: out of memory */
void bco_regex_match_free(struct bco_regex_match *match);

/* Searches `text` (UTF-8, checked already). BCO_EDATA: the match went over its limits. */
enum bco_code bco_regex_find(const struct bco_regex *regex, struct bco_regex_match *match, const char *text,
                             size_t length, bool *found, struct bco_error *err);

/* Where group `i` (0: the whole) of the last match that was found lies; false: it took no part. */
bool bco_regex_match_group(const struct bco_regex_match *match, size_t i, size_t *start, size_t *end);

#endif

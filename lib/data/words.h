/* Ratings that are words, and what each means. */
#ifndef BCO_DATA_WORDS_H
#define BCO_DATA_WORDS_H

#include "data/regex.h"

#include <bco/error.h>
#include <stddef.h>

struct bco_words;

/* Reads WORD=MEANING,...: `meanings` are the words that may stand behind the sign, NULL at their end.
 * `option` is named in the error (BCO_EUSAGE). */
enum bco_code bco_words_parse(struct bco_words **words, const char *option, const char *text,
                              const char *const *meanings, struct bco_error *err);
void bco_words_free(struct bco_words *words);

/* The word (its index) that a text (UTF-8) is, compared without case and outer blanks; -1: none of them. */
enum bco_code bco_words_find(const struct bco_words *words, struct bco_regex_match *match, const char *text,
                             size_t length, int *word, struct bco_error *err);

/* The word that is this number ("1" and "1.0" are both 1); -1: none is. */
int bco_words_find_number(const struct bco_words *words, double x);

int bco_words_meaning(const struct bco_words *words, int word); /* the index of its meaning */

/* The words, with commas between, for messages. */
const char *bco_words_list(const struct bco_words *words);

#endif

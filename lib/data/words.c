#include "data/words.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "data/ranges.h"
#include "stream/utf8.h"

#include <stdlib.h>
#include <string.h>

struct word {
    struct bco_regex *regex; /* matches the word and its variants in case, and nothing else */
    int meaning;
    bool is_number;
    double number;
};

struct bco_words {
    struct word *items;
    size_t count, capacity;
    struct bco_buf list;
};

void bco_words_free(struct bco_words *words) {
    if (!words) return;
    for (size_t i = 0; i < words->count; i++) bco_regex_free(words->items[i].regex);
    free(words->items);
    bco_buf_free(&words->list);
    free(words);
}

static bool is_ascii_sign(char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static enum bco_code compile(struct word *word, const char *option, const char *text, size_t length,
                             struct bco_error *err) {
    struct bco_buf pattern = {0};
    bco_buf_str(&pattern, "\\A\\s*+");
    for (size_t i = 0; i < length; i++) {
        if (is_ascii_sign(text[i])) bco_buf_char(&pattern, '\\');
        bco_buf_char(&pattern, text[i]);
    }
    bco_buf_str(&pattern, "\\s*+\\z");
    enum bco_code code = pattern.failed ? bco_fail_memory(err)
                                        : bco_regex_new(&word->regex, option, pattern.data, pattern.length, true, err);
    bco_buf_free(&pattern);
    return code;
}

static int meaning_of(const char *text, size_t length, const char *const *meanings) {
    for (int i = 0; meanings[i]; i++)
        if (strlen(meanings[i]) == length && memcmp(meanings[i], text, length) == 0) return i;
    return -1;
}

static enum bco_code bad_item(const char *option, const char *item, size_t length, const char *const *meanings,
                              struct bco_error *err) {
    struct bco_buf list = {0};
    for (int i = 0; meanings[i]; i++) bco_buf_printf(&list, "%s%s", i ? "|" : "", meanings[i]);
    enum bco_code code = list.failed ? bco_fail_memory(err)
                                     : bco_fail(err, BCO_EUSAGE, "%s: got '%.*s', expected WORD=%s", option,
                                                (int)length, item, list.data);
    bco_buf_free(&list);
    return code;
}

static enum bco_code add(struct bco_words *words, const char *option, const char *item, size_t length, int meaning,
                         struct bco_error *err) {
    if (!bco_grow((void **)&words->items, &words->capacity, words->count + 1, sizeof *words->items))
        return bco_fail_memory(err);
    struct word *word = &words->items[words->count];
    *word = (struct word){.meaning = meaning};
    enum bco_code code = compile(word, option, item, length, err);
    if (code != BCO_OK) return code;
    word->is_number = bco_number_parse(item, length, &word->number);
    words->count++;
    bco_buf_printf(&words->list, "%s%.*s", words->list.length ? ", " : "", (int)length, item);
    return words->list.failed ? bco_fail_memory(err) : BCO_OK;
}

static enum bco_code parse_item(struct bco_words *words, struct bco_regex_match *match, const char *option,
                                const char *item, size_t length, const char *const *meanings, struct bco_error *err) {
    size_t word = length;
    while (word > 0 && item[word - 1] != '=') word--;
    int before, meaning = word ? meaning_of(item + word, length - word, meanings) : -1;
    size_t start = 0, end = word ? word - 1 : 0;
    while (start < end && item[start] == ' ') start++;
    while (end > start && item[end - 1] == ' ') end--;
    if (meaning < 0 || start == end) return bad_item(option, item, length, meanings, err);
    enum bco_code code = bco_words_find(words, match, item + start, end - start, &before, err);
    if (code != BCO_OK) return code;
    if (before < 0) return add(words, option, item + start, end - start, meaning, err);
    if (words->items[before].meaning == meaning) return BCO_OK;
    return bco_fail(err, BCO_EUSAGE, "%s: '%.*s' is both %s and %s", option, (int)(end - start), item + start,
                    meanings[words->items[before].meaning], meanings[meaning]);
}

enum bco_code bco_words_parse(struct bco_words **words, const char *option, const char *text,
                              const char *const *meanings, struct bco_error *err) {
    if (bco_utf8_good(text, strlen(text)) < strlen(text)) return bco_fail(err, BCO_EUSAGE, "%s: not UTF-8", option);
    struct bco_words *made = bco_calloc(1, sizeof *made);
    struct bco_regex_match *match = bco_regex_match_new();
    enum bco_code code = made && match ? BCO_OK : bco_fail_memory(err);
    for (const char *item = text; code == BCO_OK; item++) {
        size_t length = strcspn(item, ",");
        code = parse_item(made, match, option, item, length, meanings, err);
        item += length;
        if (!*item) break;
    }
    bco_regex_match_free(match);
    if (code != BCO_OK)
        bco_words_free(made);
    else
        *words = made;
    return code;
}

enum bco_code bco_words_find(const struct bco_words *words, struct bco_regex_match *match, const char *text,
                             size_t length, int *word, struct bco_error *err) {
    *word = -1;
    for (size_t i = 0; i < words->count && *word < 0; i++) {
        bool found;
        enum bco_code code = bco_regex_find(words->items[i].regex, match, text, length, &found, err);
        if (code != BCO_OK) return code;
        if (found) *word = (int)i;
    }
    return BCO_OK;
}

int bco_words_find_number(const struct bco_words *words, double x) {
    for (size_t i = 0; i < words->count; i++)
        if (words->items[i].is_number && words->items[i].number == x) return (int)i;
    return -1;
}

int bco_words_meaning(const struct bco_words *words, int word) {
    return words->items[word].meaning;
}

const char *bco_words_list(const struct bco_words *words) {
    return words->list.data;
}

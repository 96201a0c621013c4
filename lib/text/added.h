/* Added tokens: words that are cut out of a text before anything else. */
#ifndef BCO_TEXT_ADDED_H
#define BCO_TEXT_ADDED_H

#include "text/normalizer.h"
#include "text/vocab.h"

struct bco_added_token {
    char *content;
    size_t length;
    int32_t id;
    bool special, single_word, lstrip, rstrip, normalized;
};

/* A tree of bytes over some of the tokens. */
struct bco_tree {
    struct bco_tree_node *nodes; /* [0] is the root */
    size_t count, capacity;
    int32_t first[256]; /* the root's children; 0: none */
};

struct bco_added {
    struct bco_added_token *tokens;
    size_t count, capacity;
    struct bco_tree raw;        /* looked for in the text as it came */
    struct bco_tree normalized; /* looked for in normalized text, normalized themselves */
};

/* Reads "added_tokens". New pieces go into `vocab`; ids must be what the reference would give. */
enum bco_code bco_added_read(struct bco_added *added, struct bco_vocab *vocab, const struct bco_normalizer *normalizer,
                             yyjson_val *json, struct bco_error *err);
void bco_added_free(struct bco_added *added);

/* A piece of a text: a token, or (NULL) what stands between two. */
struct bco_cut {
    const struct bco_added_token *token;
    size_t start, end;
};
struct bco_cuts_list {
    struct bco_cut *cuts;
    size_t count, capacity;
};

/* Appends the cuts of `text`: leftmost first, of several there the longest. */
enum bco_code bco_added_cut(const struct bco_added *added, const struct bco_tree *tree, const char *text, size_t length,
                            struct bco_cuts_list *cuts, struct bco_error *err);

#endif

#include "text/added.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/unicode.h"

#include <string.h>

/* ---- the tree -------------------------------------------------------------------- */

struct bco_tree_node {
    int32_t child, sibling; /* 0: none */
    int32_t token;          /* index + 1 of the token that ends here; 0: none */
    unsigned char byte;
};

static int32_t *tree_child(struct bco_tree *tree, size_t node, unsigned char byte) {
    int32_t *link = node ? &tree->nodes[node].child : &tree->first[byte];
    while (*link && tree->nodes[*link].byte != byte) link = &tree->nodes[*link].sibling;
    return link;
}

static bool tree_add(struct bco_tree *tree, const char *text, size_t length, size_t token) {
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (!bco_grow((void **)&tree->nodes, &tree->capacity, tree->count + 2, sizeof *tree->nodes)) return false;
        if (!tree->count) tree->nodes[tree->count++] = (struct bco_tree_node){0};
        unsigned char byte = (unsigned char)text[i];
        int32_t *link = tree_child(tree, at, byte);
        if (!*link) {
            *link = (int32_t)tree->count;
            tree->nodes[tree->count++] = (struct bco_tree_node){.byte = byte};
        }
        at = (size_t)*link;
    }
    if (at && !tree->nodes[at].token) tree->nodes[at].token = (int32_t)token + 1;
    return true;
}

/* The longest token that begins at `text`: its index + 1, or 0. */
static int32_t tree_match(const struct bco_tree *tree, const char *text, size_t length, size_t *end) {
    int32_t found = 0, at = length ? tree->first[(unsigned char)text[0]] : 0;
    for (size_t i = 1; at; i++) {
        const struct bco_tree_node *node = &tree->nodes[at];
        if (node->token) {
            found = node->token;
            *end = i;
        }
        if (i == length) break;
        for (at = node->child; at && tree->nodes[at].byte != (unsigned char)text[i];) at = tree->nodes[at].sibling;
    }
    return found;
}

/* ---- reading --------------------------------------------------------------------- */

static enum bco_code read_token(struct bco_added_token *token, yyjson_val *json, size_t *id, struct bco_error *err) {
    const char *text;
    enum bco_code code = bco_json_text(json, "content", &text, &token->length, err);
    if (!code) code = bco_json_size(json, "id", SIZE_MAX, id, err);
    if (!code) code = bco_json_bool(json, "special", false, &token->special, err);
    if (!code) code = bco_json_bool(json, "single_word", false, &token->single_word, err);
    if (!code) code = bco_json_bool(json, "lstrip", false, &token->lstrip, err);
    if (!code) code = bco_json_bool(json, "rstrip", false, &token->rstrip, err);
    if (!code) code = bco_json_bool(json, "normalized", !token->special, &token->normalized, err);
    if (code) return code;
    token->content = bco_strndup(text, token->length);
    return token->content ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code place_token(struct bco_added_token *token, struct bco_vocab *vocab, size_t id, size_t expected,
                                 struct bco_error *err) {
    token->id = bco_vocab_find(vocab, token->content, token->length);
    if (token->id >= 0 && (size_t)token->id != id)
        return bco_fail(err, BCO_EDATA, "added token '%.64s' has id %zu here and %d in the vocabulary", token->content,
                        id, token->id);
    if (token->id < 0) {
        token->id = (int32_t)id;
        enum bco_code code = bco_vocab_add(vocab, token->content, token->length, id, expected, err);
        if (code) return code;
        vocab->pieces[id].added = true;
    }
    vocab->pieces[id].special = token->special;
    return BCO_OK;
}

static enum bco_code add_token(struct bco_added *added, struct bco_vocab *vocab, yyjson_val *json, size_t expected,
                               struct bco_error *err) {
    if (!bco_grow((void **)&added->tokens, &added->capacity, added->count + 1, sizeof *added->tokens))
        return bco_fail_memory(err);
    struct bco_added_token *token = &added->tokens[added->count++];
    *token = (struct bco_added_token){0};
    size_t id;
    enum bco_code code = read_token(token, json, &id, err);
    if (code) return code;
    if (!token->length) return bco_fail(err, BCO_EDATA, "an added token is empty");
    if (id == SIZE_MAX) return bco_fail(err, BCO_EDATA, "added token '%.64s' has no id", token->content);
    return place_token(token, vocab, id, expected, err);
}

static enum bco_code grow_trees(struct bco_added *added, const struct bco_normalizer *normalizer,
                                struct bco_error *err) {
    struct bco_buf text = {0}, scratch = {0};
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < added->count; i++) {
        const struct bco_added_token *token = &added->tokens[i];
        if (!token->normalized) {
            if (!tree_add(&added->raw, token->content, token->length, i)) code = bco_fail_memory(err);
            continue;
        }
        code = bco_normalizer_apply(normalizer, token->content, token->length, &text, &scratch, NULL, err);
        if (!code && !tree_add(&added->normalized, text.data, text.length, i)) code = bco_fail_memory(err);
    }
    bco_buf_free(&text);
    bco_buf_free(&scratch);
    return code;
}

enum bco_code bco_added_read(struct bco_added *added, struct bco_vocab *vocab, const struct bco_normalizer *normalizer,
                             yyjson_val *json, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    size_t i, count, expected = vocab->count + yyjson_arr_size(json);
    yyjson_val *token;
    yyjson_arr_foreach(json, i, count, token) {
        if (!code) code = add_token(added, vocab, token, expected, err);
    }
    return code ? code : grow_trees(added, normalizer, err);
}

void bco_added_free(struct bco_added *added) {
    for (size_t i = 0; i < added->count; i++) free(added->tokens[i].content);
    free(added->tokens);
    free(added->raw.nodes);
    free(added->normalized.nodes);
    *added = (struct bco_added){0};
}

/* ---- cutting --------------------------------------------------------------------- */

static bool add_cut(struct bco_cuts_list *cuts, const struct bco_added_token *token, size_t start, size_t end) {
    if (!bco_grow((void **)&cuts->cuts, &cuts->capacity, cuts->count + 1, sizeof *cuts->cuts)) return false;
    cuts->cuts[cuts->count++] = (struct bco_cut){token, start, end};
    return true;
}

/* single_word: nothing that belongs to a word may touch the token. */
static bool stands_alone(const char *text, size_t length, size_t start, size_t end) {
    uint32_t c;
    if (start > 0 && bco_is_word(bco_utf8_before(text, start))) return false;
    if (end == length) return true;
    bco_utf8_next(text + end, length - end, &c);
    return !bco_is_word(c);
}

static size_t strip_left(const char *text, size_t start, size_t floor) {
    while (start > floor && bco_is_space(bco_utf8_before(text, start))) {
        do start--;
        while (((unsigned char)text[start] & 0xC0) == 0x80);
    }
    return start;
}

static size_t strip_right(const char *text, size_t end, size_t length) {
    while (end < length) {
        uint32_t c;
        size_t step = bco_utf8_next(text + end, length - end, &c);
        if (!bco_is_space(c)) break;
        end += step;
    }
    return end;
}

enum bco_code bco_added_cut(const struct bco_added *added, const struct bco_tree *tree, const char *text, size_t length,
                            struct bco_cuts_list *cuts, struct bco_error *err) {
    size_t done = 0;
    for (size_t i = 0; tree->count && i < length;) {
        size_t size = 0;
        int32_t found = tree_match(tree, text + i, length - i, &size);
        if (!found) {
            i++;
            continue;
        }
        const struct bco_added_token *token = &added->tokens[found - 1];
        size_t start = i, end = i + size;
        i = end;
        if (token->single_word && !stands_alone(text, length, start, end)) continue;
        if (token->lstrip) start = strip_left(text, start, done);
        if (token->rstrip) end = strip_right(text, end, length);
        if (done < start && !add_cut(cuts, NULL, done, start)) return bco_fail_memory(err);
        if (!add_cut(cuts, token, start, end)) return bco_fail_memory(err);
        done = end;
    }
    if (done < length && !add_cut(cuts, NULL, done, length)) return bco_fail_memory(err);
    return BCO_OK;
}

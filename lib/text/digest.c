/* A tokenizer's fingerprint. */
#include "base/fail.h"
#include "base/hash.h"
#include "text/tokenizer.h"

#include <string.h>

static void add_pieces(struct bco_hasher *hasher, const struct bco_vocab *vocab) {
    for (size_t id = 0; id < vocab->size; id++) {
        const struct bco_piece *piece = &vocab->pieces[id];
        bco_hasher_add_u64(hasher, piece->text ? piece->length : UINT64_MAX);
        bco_hasher_add(hasher, piece->text ? piece->text : "", piece->length);
    }
}

/* In the order of their ranks, which the table of merges does not keep. */
static bool add_merges(struct bco_hasher *hasher, const struct bco_bpe *bpe) {
    uint64_t *pairs = calloc(bpe->merge_count + 1, sizeof *pairs);
    if (!pairs) return false;
    for (size_t i = 0; i < bpe->merge_slots; i++) {
        const struct bco_merge *merge = &bpe->merges[i];
        if (merge->rank >= 0) pairs[merge->rank] = (uint64_t)(uint32_t)merge->left << 32 | (uint32_t)merge->right;
    }
    for (size_t i = 0; i < bpe->merge_count; i++) bco_hasher_add_u64(hasher, pairs[i]);
    free(pairs);
    bco_hasher_add_u64(hasher, (uint64_t)(int64_t)bpe->unknown);
    bco_hasher_add_u64(hasher, (unsigned)bpe->fuse_unknown | (unsigned)bpe->byte_fallback << 1 |
                                   (unsigned)bpe->ignore_merges << 2);
    return true;
}

/* The small stages as JSON text: blanks between values do not count, the order of keys does. */
static bool add_stages(struct bco_hasher *hasher, yyjson_val *root) {
    static const char *const keys[] = {"added_tokens", "normalizer", "pre_tokenizer", "post_processor"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        yyjson_val *stage = yyjson_obj_get(root, keys[i]);
        size_t length = 0;
        char *text = stage ? yyjson_val_write(stage, 0, &length) : NULL;
        if (stage && !text) return false;
        bco_hasher_add_u64(hasher, length);
        bco_hasher_add(hasher, text ? text : "", length);
        free(text);
    }
    return true;
}

enum bco_code bco_tokenizer_digest(const struct bco_tokenizer *tokenizer, yyjson_val *root, uint32_t *value,
                                   struct bco_error *err) {
    struct bco_hasher *hasher = bco_hasher_new();
    if (!hasher) return bco_fail_memory(err);
    add_pieces(hasher, &tokenizer->vocab);
    bool done = add_merges(hasher, &tokenizer->bpe) && add_stages(hasher, root);
    bco_hasher_add_u64(hasher, (uint64_t)(int64_t)bco_tokenizer_bos(tokenizer));
    bco_hasher_add_u64(hasher, (uint64_t)(int64_t)tokenizer->eos);
    *value = (uint32_t)bco_hasher_value(hasher).low;
    if (!*value) *value = 1;
    bco_hasher_free(hasher);
    return done ? BCO_OK : bco_fail_memory(err);
}

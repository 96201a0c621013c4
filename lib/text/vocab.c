#include "text/vocab.h"

#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

void bco_vocab_free(struct bco_vocab *vocab) {
    for (size_t i = 0; i < vocab->size; i++) free(vocab->pieces[i].text);
    free(vocab->pieces);
    free(vocab->slots);
    *vocab = (struct bco_vocab){0};
}

/* The slot that holds this text, or the empty one where it would go. */
static size_t find_slot(const struct bco_vocab *vocab, const char *text, size_t length) {
    size_t mask = vocab->slot_count - 1;
    for (size_t i = bco_hash_bytes(text, length, 0).low & mask;; i = (i + 1) & mask) {
        int32_t slot = vocab->slots[i];
        if (!slot) return i;
        const struct bco_piece *piece = &vocab->pieces[slot - 1];
        if (piece->length == length && !memcmp(piece->text, text, length)) return i;
    }
}

static bool rehash(struct bco_vocab *vocab, size_t slot_count) {
    int32_t *slots = bco_calloc(slot_count, sizeof *slots);
    if (!slots) return false;
    free(vocab->slots);
    vocab->slots = slots;
    vocab->slot_count = slot_count;
    for (size_t id = 0; id < vocab->size; id++) {
        const struct bco_piece *piece = &vocab->pieces[id];
        if (piece->text) slots[find_slot(vocab, piece->text, piece->length)] = (int32_t)id + 1;
    }
    return true;
}

static bool make_room(struct bco_vocab *vocab, size_t size, size_t expected) {
    if (size > vocab->size) {
        void *pieces = vocab->pieces;
        if (!bco_grow(&pieces, &vocab->capacity, size, sizeof *vocab->pieces)) return false;
        vocab->pieces = pieces;
        memset(vocab->pieces + vocab->size, 0, (size - vocab->size) * sizeof *vocab->pieces);
        vocab->size = size;
    }
    size_t want = vocab->slot_count ? vocab->slot_count : 64;
    size_t load = expected > vocab->count + 1 ? expected : vocab->count + 1;
    while (want / 2 < load) want *= 2;
    return want == vocab->slot_count || rehash(vocab, want);
}

enum bco_code bco_vocab_add(struct bco_vocab *vocab, const char *text, size_t length, uint64_t id, size_t expected,
                            struct bco_error *err) {
    /* Holes are legal, a table of gigabytes for ten pieces is not. */
    if (id > INT32_MAX - 1 || id / 2 > expected + 1024)
        return bco_fail(err, BCO_EDATA, "id %llu of '%.*s' is out of range for a vocabulary of %zu pieces",
                        (unsigned long long)id, (int)(length < 64 ? length : 64), text, expected);
    if (id < vocab->size && vocab->pieces[id].text)
        return bco_fail(err, BCO_EDATA, "id %llu is given to two pieces, '%s' and '%.*s'", (unsigned long long)id,
                        vocab->pieces[id].text, (int)(length < 64 ? length : 64), text);
    if (!make_room(vocab, (size_t)id + 1, expected)) return bco_fail_memory(err);
    size_t slot = find_slot(vocab, text, length);
    if (vocab->slots[slot])
        return bco_fail(err, BCO_EDATA, "piece '%.*s' is in the vocabulary twice", (int)(length < 64 ? length : 64),
                        text);
    char *copy = bco_strndup(text, length);
    if (!copy) return bco_fail_memory(err);
    vocab->pieces[id] = (struct bco_piece){.text = copy, .length = length};
    vocab->slots[slot] = (int32_t)id + 1;
    vocab->count++;
    return BCO_OK;
}

int32_t bco_vocab_find(const struct bco_vocab *vocab, const char *text, size_t length) {
    return vocab->slot_count ? vocab->slots[find_slot(vocab, text, length)] - 1 : -1;
}

int32_t bco_vocab_find_model(const struct bco_vocab *vocab, const char *text, size_t length) {
    int32_t id = bco_vocab_find(vocab, text, length);
    return id >= 0 && vocab->pieces[id].added ? -1 : id;
}

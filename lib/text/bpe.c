#include "text/bpe.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/unicode.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------ */

static size_t merge_slot(const struct bco_bpe *bpe, int32_t left, int32_t right) {
    size_t mask = bpe->merge_slots - 1;
    uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (key >> 32 ^ key >> 15) & mask;
    while (bpe->merges[i].rank >= 0 && (bpe->merges[i].left != left || bpe->merges[i].right != right))
        i = (i + 1) & mask;
    return i;
}

static enum bco_code read_vocab(struct bco_vocab *vocab, yyjson_val *json, struct bco_error *err) {
    if (!yyjson_is_obj(json)) return bco_fail(err, BCO_EDATA, "'vocab' is not an object");
    size_t i, count;
    yyjson_val *key, *id;
    yyjson_obj_foreach(json, i, count, key, id) {
        if (!yyjson_is_uint(id))
            return bco_fail(err, BCO_EDATA, "the id of piece '%.64s' is not a whole number", yyjson_get_str(key));
        enum bco_code code =
            bco_vocab_add(vocab, yyjson_get_str(key), yyjson_get_len(key), yyjson_get_uint(id), count, err);
        if (code) return code;
    }
    return BCO_OK;
}

struct half {
    const char *text;
    size_t length;
};

static int shown(const struct half *half) {
    return half->length < 64 ? (int)half->length : 64;
}

/* "a b" or ["a", "b"]. */
static bool split_merge(yyjson_val *json, struct half *left, struct half *right) {
    if (yyjson_is_arr(json) && yyjson_arr_size(json) == 2) {
        yyjson_val *a = yyjson_arr_get_first(json), *b = yyjson_arr_get_last(json);
        *left = (struct half){yyjson_get_str(a), yyjson_get_len(a)};
        *right = (struct half){yyjson_get_str(b), yyjson_get_len(b)};
        return left->text && right->text;
    }
    const char *text = yyjson_get_str(json);
    size_t length = yyjson_get_len(json);
    const char *blank = text ? memchr(text, ' ', length) : NULL;
    if (!blank) return false;
    *left = (struct half){text, (size_t)(blank - text)};
    *right = (struct half){blank + 1, length - left->length - 1};
    return !memchr(right->text, ' ', right->length);
}

static enum bco_code add_merge(struct bco_bpe *bpe, const struct bco_vocab *vocab, yyjson_val *json,
                               struct bco_buf *joined, struct bco_error *err) {
    struct half left, right;
    if (!split_merge(json, &left, &right))
        return bco_fail(err, BCO_EDATA, "merge %zu is not two pieces", bpe->merge_count);
    bco_buf_clear(joined);
    bco_buf_add(joined, left.text, left.length);
    bco_buf_add(joined, right.text, right.length);
    if (joined->failed) return bco_fail_memory(err);
    struct bco_merge merge = {.left = bco_vocab_find(vocab, left.text, left.length),
                              .right = bco_vocab_find(vocab, right.text, right.length),
                              .rank = (int32_t)bpe->merge_count,
                              .into = bco_vocab_find(vocab, joined->data, joined->length)};
    if (merge.left < 0 || merge.right < 0 || merge.into < 0)
        return bco_fail(err, BCO_EDATA, "merge %zu ('%.*s' and '%.*s'): the vocabulary lacks %s", bpe->merge_count,
                        shown(&left), left.text, shown(&right), right.text,
                        merge.into < 0 ? "what they make" : "one of them");
    bpe->merges[merge_slot(bpe, merge.left, merge.right)] = merge; /* of equal ones the last counts */
    bpe->into[bpe->merge_count++] = merge.into;
    return BCO_OK;
}

static enum bco_code read_merges(struct bco_bpe *bpe, const struct bco_vocab *vocab, yyjson_val *json,
                                 struct bco_error *err) {
    size_t total = yyjson_arr_size(json);
    if (!yyjson_is_arr(json) || total > INT32_MAX / 4) return bco_fail(err, BCO_EDATA, "'merges' is not a list");
    for (bpe->merge_slots = 64; bpe->merge_slots / 2 < total;) bpe->merge_slots *= 2;
    bpe->merges = bco_malloc(bpe->merge_slots, sizeof *bpe->merges);
    bpe->into = bco_malloc(total, sizeof *bpe->into);
    if (!bpe->merges || !bpe->into) return bco_fail_memory(err);
    for (size_t i = 0; i < bpe->merge_slots; i++) bpe->merges[i] = (struct bco_merge){.rank = -1};
    struct bco_buf joined = {0};
    enum bco_code code = BCO_OK;
    size_t i, count;
    yyjson_val *merge;
    yyjson_arr_foreach(json, i, count, merge) {
        const char *text = yyjson_get_str(merge);
        if (text && !strncmp(text, "#version", 8)) continue;
        if (!code) code = add_merge(bpe, vocab, merge, &joined, err);
    }
    bco_buf_free(&joined);
    return code;
}

/* What bco does not do must be absent, null, or empty. */
static enum bco_code refuse_settings(yyjson_val *model, struct bco_error *err) {
    static const char *const affixes[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (size_t i = 0; i < 2; i++)
        if (yyjson_get_len(yyjson_obj_get(model, affixes[i])) > 0)
            return bco_fail(err, BCO_EDATA, "model '%s' is not supported", affixes[i]);
    yyjson_val *dropout = yyjson_obj_get(model, "dropout");
    if (yyjson_is_num(dropout) && yyjson_get_num(dropout) != 0)
        return bco_fail(err, BCO_EDATA, "model 'dropout' is not supported");
    return BCO_OK;
}

static enum bco_code read_unknown(struct bco_bpe *bpe, const struct bco_vocab *vocab, yyjson_val *model,
                                  struct bco_error *err) {
    bpe->unknown = -1;
    yyjson_val *unknown = yyjson_obj_get(model, "unk_token");
    if (!unknown || yyjson_is_null(unknown)) return BCO_OK;
    const char *text;
    size_t length;
    enum bco_code code = bco_json_text(model, "unk_token", &text, &length, err);
    if (code) return code;
    bpe->unknown = bco_vocab_find(vocab, text, length);
    if (bpe->unknown < 0) return bco_fail(err, BCO_EDATA, "unk_token '%.64s' is not in the vocabulary", text);
    return BCO_OK;
}

uint32_t bco_byte_character(unsigned char byte) {
    if ((byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE) return byte;
    if (byte <= ' ') return 256U + byte;
    return byte == 0xAD ? 256 + 67 : 256U + 33 + (byte - 0x7FU);
}

static void find_byte_ids(struct bco_bpe *bpe, const struct bco_vocab *vocab) {
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[4];
        size_t length = bco_utf8_write(name, bpe->byte_level ? bco_byte_character((unsigned char)byte) : byte);
        bpe->byte_id[byte] = bco_vocab_find(vocab, name, length);
    }
}

static void find_byte_pieces(struct bco_bpe *bpe, const struct bco_vocab *vocab) {
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", byte);
        bpe->byte_piece[byte] = bco_vocab_find(vocab, name, 6);
    }
}

static bool is_byte_piece(const struct bco_bpe *bpe, int32_t id) {
    for (size_t i = 0; i < 256; i++)
        if (bpe->byte_piece[i] == id) return true;
    return id == bpe->unknown;
}

/* Without an unknown token, characters may vanish, and their neighbours meet. */
static bool may_vanish(const struct bco_bpe *bpe) {
    bool whole = bpe->byte_fallback;
    for (size_t i = 0; i < 256; i++) whole = whole && bpe->byte_piece[i] >= 0;
    return bpe->unknown < 0 && !whole;
}

/* A place in the bit set: of the last `before` bytes before a cut and the first `behind` bytes, 1 or 2, behind it. */
static uint64_t join_bit(const struct bco_cut_table *cuts, const char *at, size_t before, size_t behind) {
    const unsigned char *byte = (const unsigned char *)at;
    uint64_t key = byte[-1] | (uint64_t)byte[0] << 8;
    if (before > 1) key |= (uint64_t)byte[-2] << 16 | UINT64_C(1) << 32;
    if (behind > 1) key |= (uint64_t)byte[1] << 24 | UINT64_C(1) << 33;
    return (key * UINT64_C(0x9E3779B97F4A7C15)) >> 24 & cuts->mask;
}

static bool has_join(const struct bco_cut_table *cuts, const char *at, size_t before, size_t behind) {
    uint64_t bit = join_bit(cuts, at, before, behind);
    return cuts->joins[bit / 64] >> bit % 64 & 1;
}

/* Both halves of a merge, one behind the other, in at most two bytes each. */
static void add_join(struct bco_cut_table *cuts, const struct bco_piece *left, const struct bco_piece *right) {
    size_t before = left->length > 1 ? 2 : 1, behind = right->length > 1 ? 2 : 1;
    char text[4];
    memcpy(text, left->text + left->length - before, before);
    memcpy(text + before, right->text, behind);
    uint64_t bit = join_bit(cuts, text + before, before, behind);
    cuts->joins[bit / 64] |= UINT64_C(1) << bit % 64;
}

static bool open_joins(struct bco_cut_table *cuts, size_t merges) {
    uint64_t bits = 4096;
    while (bits / 16 < merges) bits *= 2;
    cuts->mask = bits - 1;
    cuts->joins = bco_calloc((size_t)(bits / 64), sizeof *cuts->joins);
    return cuts->joins != NULL;
}

/* A cut asks that the character behind it has a piece (an unknown one could be fused with its neighbour), and
 * that no merge is of pieces that stand for other text than their own. */
static enum bco_code find_cuts(struct bco_bpe *bpe, const struct bco_vocab *vocab, struct bco_error *err) {
    struct bco_cut_table *cuts = &bpe->cuts;
    if (bpe->byte_level || bpe->ignore_merges || may_vanish(bpe)) return BCO_OK;
    if (!open_joins(cuts, bpe->merge_count)) return bco_fail_memory(err);
    for (size_t next = 0; next < 0x80; next++)
        if (bpe->byte_id[next] >= 0) cuts->known[next / 64] |= UINT64_C(1) << next % 64;
    if (bco_vocab_find(vocab, BCO_BLANK_MARK, 3) >= 0) cuts->known[0xE2 / 64] |= UINT64_C(1) << 0xE2 % 64;
    for (size_t next = 0; next < 256; next++)
        if (cuts->known[next / 64] >> next % 64 & 1) memset(cuts->free[next], 0xFF, sizeof cuts->free[next]);
    for (size_t i = 0; i < bpe->merge_slots; i++) {
        const struct bco_merge *merge = &bpe->merges[i];
        if (merge->rank < 0) continue;
        if (is_byte_piece(bpe, merge->left) || is_byte_piece(bpe, merge->right)) return BCO_OK;
        const struct bco_piece *left = &vocab->pieces[merge->left], *right = &vocab->pieces[merge->right];
        if (!left->length || !right->length) return BCO_OK;
        unsigned char before = (unsigned char)left->text[left->length - 1];
        cuts->free[(unsigned char)right->text[0]][before / 64] &= ~(UINT64_C(1) << before % 64);
        add_join(cuts, left, right);
    }
    cuts->any = true;
    return BCO_OK;
}

enum bco_code bco_bpe_read(struct bco_bpe *bpe, struct bco_vocab *vocab, yyjson_val *model, struct bco_error *err) {
    const char *type = bco_json_type(model);
    if (!yyjson_is_obj(model)) return bco_fail(err, BCO_EDATA, "'model' is not an object");
    if (*type ? strcmp(type, "BPE") != 0 : !yyjson_obj_get(model, "merges"))
        return bco_fail(err, BCO_EDATA, "model '%s' is not supported, only BPE", type);
    enum bco_code code = refuse_settings(model, err);
    if (!code) code = read_vocab(vocab, yyjson_obj_get(model, "vocab"), err);
    if (!code) code = read_merges(bpe, vocab, yyjson_obj_get(model, "merges"), err);
    if (!code) code = read_unknown(bpe, vocab, model, err);
    if (!code) code = bco_json_bool(model, "fuse_unk", false, &bpe->fuse_unknown, err);
    if (!code) code = bco_json_bool(model, "byte_fallback", false, &bpe->byte_fallback, err);
    if (!code) code = bco_json_bool(model, "ignore_merges", false, &bpe->ignore_merges, err);
    if (code) return code;
    find_byte_pieces(bpe, vocab);
    find_byte_ids(bpe, vocab);
    return find_cuts(bpe, vocab, err);
}

void bco_bpe_free(struct bco_bpe *bpe) {
    free(bpe->merges);
    free(bpe->into);
    free(bpe->cuts.joins);
    *bpe = (struct bco_bpe){0};
}

/* ---- encoding ------------------------------------------------------------------ */

/* A list of symbols that shrinks: neighbours by their index, -1 at the ends.
 * rank: of the merge with the next one, -1: none, or this one was merged away. */
struct bco_symbol {
    int32_t id, previous, next, rank;
};

void bco_bpe_room_free(struct bco_bpe_room *room) {
    free(room->symbols);
    free(room->queue);
    free(room->cache);
    bco_buf_free(&room->mapped);
    *room = (struct bco_bpe_room){0};
}

bool bco_ids_add(struct bco_ids *ids, int32_t id) {
    if (!bco_grow((void **)&ids->ids, &ids->capacity, ids->count + 1, sizeof *ids->ids)) return false;
    ids->ids[ids->count++] = id;
    return true;
}

static void add_symbol(struct bco_bpe_room *room, size_t *count, int32_t id) {
    int32_t at = (int32_t)(*count)++;
    room->symbols[at] = (struct bco_symbol){id, at - 1, at + 1, -1};
}

static bool fall_back(const struct bco_bpe *bpe, const char *text, size_t length, struct bco_bpe_room *room,
                      size_t *count) {
    for (size_t i = 0; i < length; i++)
        if (bpe->byte_piece[(unsigned char)text[i]] < 0) return false;
    for (size_t i = 0; i < length; i++) add_symbol(room, count, bpe->byte_piece[(unsigned char)text[i]]);
    return true;
}

/* The piece of the character at `text`, -1: none; returns the character's length. */
static size_t next_character(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t left,
                             int32_t *id) {
    unsigned char byte = (unsigned char)*text;
    *id = bpe->byte_id[byte];
    if (bpe->byte_level || byte < 0x80) return 1;
    uint32_t c;
    size_t step = bco_utf8_next(text, left, &c);
    *id = bco_vocab_find_model(vocab, text, step);
    return step;
}

static bool fall_back_character(const struct bco_bpe *bpe, const char *text, size_t length, struct bco_bpe_room *room,
                                size_t *count) {
    char name[4];
    if (!bpe->byte_fallback) return false;
    if (!bpe->byte_level) return fall_back(bpe, text, length, room, count);
    return fall_back(bpe, name, bco_utf8_write(name, bco_byte_character((unsigned char)*text)), room, count);
}

/* The symbols that a text begins with: its characters. An unknown one is held
 * back until a known one comes, as in the reference: bytes that are fallen back to overtake it. */
static size_t first_symbols(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                            struct bco_bpe_room *room) {
    size_t count = 0, step;
    bool pending = false;
    for (size_t i = 0; i < length; i += step) {
        int32_t id;
        step = next_character(bpe, vocab, text + i, length - i, &id);
        if (id >= 0) {
            if (pending) add_symbol(room, &count, bpe->unknown);
            pending = false;
            add_symbol(room, &count, id);
        } else if (!fall_back_character(bpe, text + i, step, room, &count) && bpe->unknown >= 0) {
            if (pending && !bpe->fuse_unknown) add_symbol(room, &count, bpe->unknown);
            pending = true;
        }
    }
    if (pending) add_symbol(room, &count, bpe->unknown);
    if (count) room->symbols[count - 1].next = -1;
    return count;
}

/* A heap of (rank, place), the least on top: of equal ranks the leftmost goes first. */
static bool push(struct bco_bpe_room *room, uint64_t entry) {
    if (!bco_grow((void **)&room->queue, &room->queue_capacity, room->queue_count + 1, sizeof entry)) return false;
    size_t i = room->queue_count++;
    for (; i > 0 && room->queue[(i - 1) / 2] > entry; i = (i - 1) / 2) room->queue[i] = room->queue[(i - 1) / 2];
    room->queue[i] = entry;
    return true;
}

static uint64_t pop(struct bco_bpe_room *room) {
    uint64_t *queue = room->queue, top = queue[0], last = queue[--room->queue_count];
    size_t count = room->queue_count, i = 0;
    for (size_t child = 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count && queue[child + 1] < queue[child]) child++;
        if (queue[child] >= last) break;
        queue[i] = queue[child];
        i = child;
    }
    queue[i] = last;
    return top;
}

static bool push_pair(const struct bco_bpe *bpe, struct bco_bpe_room *room, int32_t at) {
    struct bco_symbol *left = &room->symbols[at];
    left->rank = -1;
    if (left->next < 0) return true;
    left->rank = bpe->merges[merge_slot(bpe, left->id, room->symbols[left->next].id)].rank;
    return left->rank < 0 || push(room, (uint64_t)left->rank << 32 | (uint32_t)at);
}

static bool merge_pair(const struct bco_bpe *bpe, struct bco_bpe_room *room, uint64_t entry) {
    struct bco_symbol *symbols = room->symbols, *left = &symbols[entry & UINT32_MAX];
    int32_t rank = (int32_t)(entry >> 32), at = (int32_t)(left - symbols);
    if (left->rank != rank) return true; /* out of date */
    struct bco_symbol *right = &symbols[left->next];
    left->id = bpe->into[rank];
    left->next = right->next;
    right->rank = -1;
    if (left->next >= 0) symbols[left->next].previous = at;
    if (left->previous >= 0 && !push_pair(bpe, room, left->previous)) return false;
    return push_pair(bpe, room, at);
}

static enum bco_code merge_by_heap(const struct bco_bpe *bpe, struct bco_bpe_room *room, size_t count,
                                   struct bco_ids *ids, struct bco_error *err) {
    room->queue_count = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if (!push_pair(bpe, room, (int32_t)i)) return bco_fail_memory(err);
    while (room->queue_count)
        if (!merge_pair(bpe, room, pop(room))) return bco_fail_memory(err);
    for (int32_t i = count ? 0 : -1; i >= 0; i = room->symbols[i].next)
        if (!bco_ids_add(ids, room->symbols[i].id)) return bco_fail_memory(err);
    return BCO_OK;
}

static int32_t rank_of(const struct bco_bpe *bpe, int32_t left, int32_t right) {
    int32_t rank = bpe->merges[merge_slot(bpe, left, right)].rank;
    return rank < 0 ? INT32_MAX : rank;
}

enum { FEW = 32 }; /* symbols that are merged faster by looking at all of them */

static enum bco_code merge_few(const struct bco_bpe *bpe, const struct bco_bpe_room *room, size_t count,
                               struct bco_ids *ids, struct bco_error *err) {
    int32_t list[FEW], ranks[FEW]; /* ranks[i]: of i and i + 1 */
    for (size_t i = 0; i < count; i++) list[i] = room->symbols[i].id;
    for (size_t i = 0; i + 1 < count; i++) ranks[i] = rank_of(bpe, list[i], list[i + 1]);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < count; i++)
            if (ranks[i] < ranks[best]) best = i;
        if (count < 2 || ranks[best] == INT32_MAX) break;
        list[best] = bpe->into[ranks[best]];
        count--;
        memmove(list + best + 1, list + best + 2, (count - best - 1) * sizeof *list);
        memmove(ranks + best, ranks + best + 1, (count - best - 1) * sizeof *ranks);
        if (best > 0) ranks[best - 1] = rank_of(bpe, list[best - 1], list[best]);
        if (best + 1 < count) ranks[best] = rank_of(bpe, list[best], list[best + 1]);
    }
    for (size_t i = 0; i < count; i++)
        if (!bco_ids_add(ids, list[i])) return bco_fail_memory(err);
    return BCO_OK;
}

static enum bco_code find_whole(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text,
                                size_t length, struct bco_bpe_room *room, int32_t *id, struct bco_error *err) {
    *id = -1;
    if (!bpe->ignore_merges) return BCO_OK;
    if (!bpe->byte_level) {
        *id = bco_vocab_find_model(vocab, text, length);
        return BCO_OK;
    }
    bco_buf_clear(&room->mapped);
    for (size_t i = 0; i < length; i++) {
        char name[4];
        bco_buf_add(&room->mapped, name, bco_utf8_write(name, bco_byte_character((unsigned char)text[i])));
    }
    if (room->mapped.failed) return bco_fail_memory(err);
    *id = bco_vocab_find_model(vocab, room->mapped.data, room->mapped.length);
    return BCO_OK;
}

static enum bco_code encode_merging(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text,
                                    size_t length, struct bco_bpe_room *room, struct bco_ids *ids,
                                    struct bco_error *err) {
    int32_t whole;
    enum bco_code code = find_whole(bpe, vocab, text, length, room, &whole, err);
    if (code) return code;
    if (whole >= 0) return bco_ids_add(ids, whole) ? BCO_OK : bco_fail_memory(err);
    if (length > INT32_MAX / 4)
        return bco_fail(err, BCO_EDATA, "text of %zu bytes is too long, the limit is %d", length, INT32_MAX / 4);
    /* A byte of a byte-level text may fall back to two. */
    if (!bco_grow((void **)&room->symbols, &room->symbols_capacity, 2 * length + 1, sizeof *room->symbols))
        return bco_fail_memory(err);
    size_t count = first_symbols(bpe, vocab, text, length, room);
    return count <= FEW ? merge_few(bpe, room, count, ids, err) : merge_by_heap(bpe, room, count, ids, err);
}

/* The entry where a short text's ids are, or would be; NULL without memory for the table. */
static struct bco_cache_entry *cache_entry(struct bco_bpe_room *room, uint64_t hash) {
    if (!room->cache) room->cache = bco_calloc(BCO_CACHE_ENTRIES, sizeof *room->cache);
    return room->cache ? &room->cache[hash % BCO_CACHE_ENTRIES] : NULL;
}

static enum bco_code encode_cached(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text,
                                   size_t length, struct bco_bpe_room *room, struct bco_ids *ids,
                                   struct bco_error *err) {
    uint64_t hash = bco_hash_bytes(text, length, 0).low;
    struct bco_cache_entry *entry = cache_entry(room, hash);
    if (!entry) return encode_merging(bpe, vocab, text, length, room, ids, err);
    size_t start = ids->count;
    if (entry->hash == hash && entry->length == length && !memcmp(entry->text, text, length)) {
        if (!bco_grow((void **)&ids->ids, &ids->capacity, start + entry->count, sizeof *ids->ids))
            return bco_fail_memory(err);
        if (entry->count) memcpy(ids->ids + start, entry->ids, entry->count * sizeof *ids->ids);
        ids->count += entry->count;
        return BCO_OK;
    }
    enum bco_code code = encode_merging(bpe, vocab, text, length, room, ids, err);
    size_t count = ids->count - start;
    if (code || count > BCO_CACHE_IDS) return code;
    entry->hash = hash;
    entry->length = (unsigned char)length;
    entry->count = (unsigned char)count;
    memcpy(entry->text, text, length);
    if (count) memcpy(entry->ids, ids->ids + start, count * sizeof *ids->ids);
    return BCO_OK;
}

/* Can a text of `length` bytes be cut before its byte `i`? */
static bool is_free(const struct bco_cut_table *cuts, const char *text, size_t i, size_t length) {
    unsigned char before = (unsigned char)text[i - 1], next = (unsigned char)text[i];
    if (!(cuts->known[next / 64] >> next % 64 & 1)) return false;
    if (next >= 0x80 && (length - i < 3 || memcmp(text + i, BCO_BLANK_MARK, 3) != 0)) return false;
    if (cuts->free[next][before / 64] >> before % 64 & 1) return true;
    const char *at = text + i;
    bool more = i > 1, follows = length - i > 1;
    return !has_join(cuts, at, 1, 1) && !(more && has_join(cuts, at, 2, 1)) && !(follows && has_join(cuts, at, 1, 2)) &&
           !(more && follows && has_join(cuts, at, 2, 2));
}

/* Where the part of a text that begins it ends: before the next free cut. */
static size_t part_length(const struct bco_cut_table *cuts, const char *text, size_t length) {
    for (size_t i = 1; i < length; i++)
        if (is_free(cuts, text, i, length)) return i;
    return length;
}

enum bco_code bco_bpe_encode(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                             struct bco_bpe_room *room, struct bco_ids *ids, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    while (!code && length) {
        size_t part = bpe->cuts.any ? part_length(&bpe->cuts, text, length) : length;
        code = part <= BCO_CACHE_TEXT ? encode_cached(bpe, vocab, text, part, room, ids, err)
                                      : encode_merging(bpe, vocab, text, part, room, ids, err);
        text += part;
        length -= part;
    }
    return code;
}

#include "text/bpe.h"

#include "base/buf.h"
#include "base/fail.h"
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
        return bco_fail(err, BCO_EDATA, "merge %zu ('%.64s' and '%.64s'): the vocabulary lacks %s", bpe->merge_count,
                        left.text, right.text, merge.into < 0 ? "what they make" : "one of them");
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

static void find_byte_pieces(struct bco_bpe *bpe, const struct bco_vocab *vocab) {
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", byte);
        bpe->byte_piece[byte] = bco_vocab_find(vocab, name, 6);
    }
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
    find_byte_pieces(bpe, vocab);
    return code;
}

void bco_bpe_free(struct bco_bpe *bpe) {
    free(bpe->merges);
    free(bpe->into);
    *bpe = (struct bco_bpe){0};
}

/* ---- encoding ------------------------------------------------------------------ */

/* A list of symbols that shrinks: neighbours by their index, -1 at the ends; id -1: merged away. */
struct bco_symbol {
    int32_t id, previous, next;
};

void bco_bpe_room_free(struct bco_bpe_room *room) {
    free(room->symbols);
    free(room->queue);
    *room = (struct bco_bpe_room){0};
}

bool bco_ids_add(struct bco_ids *ids, int32_t id) {
    if (!bco_grow((void **)&ids->ids, &ids->capacity, ids->count + 1, sizeof *ids->ids)) return false;
    ids->ids[ids->count++] = id;
    return true;
}

static void add_symbol(struct bco_bpe_room *room, size_t *count, int32_t id) {
    int32_t at = (int32_t)(*count)++;
    room->symbols[at] = (struct bco_symbol){id, at - 1, at + 1};
}

static bool fall_back(const struct bco_bpe *bpe, const char *text, size_t length, struct bco_bpe_room *room,
                      size_t *count) {
    for (size_t i = 0; i < length; i++)
        if (bpe->byte_piece[(unsigned char)text[i]] < 0) return false;
    for (size_t i = 0; i < length; i++) add_symbol(room, count, bpe->byte_piece[(unsigned char)text[i]]);
    return true;
}

/* The symbols that a text begins with: its characters. An unknown one is held
 * back until a known one comes, as in the reference: bytes that are fallen back to overtake it. */
static size_t first_symbols(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                            struct bco_bpe_room *room) {
    size_t count = 0, step;
    bool pending = false;
    for (size_t i = 0; i < length; i += step) {
        uint32_t c;
        step = bco_utf8_next(text + i, length - i, &c);
        int32_t id = bco_vocab_find(vocab, text + i, step);
        if (id >= 0) {
            if (pending) add_symbol(room, &count, bpe->unknown);
            pending = false;
            add_symbol(room, &count, id);
        } else if ((!bpe->byte_fallback || !fall_back(bpe, text + i, step, room, &count)) && bpe->unknown >= 0) {
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

static bool push_pair(const struct bco_bpe *bpe, struct bco_bpe_room *room, int32_t left) {
    int32_t right = room->symbols[left].next;
    const struct bco_merge *merge = &bpe->merges[merge_slot(bpe, room->symbols[left].id, room->symbols[right].id)];
    return merge->rank < 0 || push(room, (uint64_t)merge->rank << 32 | (uint32_t)left);
}

static bool merge_pair(const struct bco_bpe *bpe, struct bco_bpe_room *room, uint64_t entry) {
    struct bco_symbol *symbols = room->symbols, *left = &symbols[entry & UINT32_MAX];
    if (left->id < 0 || left->next < 0) return true;
    struct bco_symbol *right = &symbols[left->next];
    const struct bco_merge *merge = &bpe->merges[merge_slot(bpe, left->id, right->id)];
    if (merge->rank < 0 || merge->into != bpe->into[entry >> 32]) return true; /* out of date */
    left->id = merge->into;
    left->next = right->next;
    right->id = -1;
    int32_t at = (int32_t)(left - symbols);
    if (left->next >= 0) symbols[left->next].previous = at;
    if (left->previous >= 0 && !push_pair(bpe, room, left->previous)) return false;
    return left->next < 0 || push_pair(bpe, room, at);
}

enum bco_code bco_bpe_encode(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                             struct bco_bpe_room *room, struct bco_ids *ids, struct bco_error *err) {
    int32_t whole = bpe->ignore_merges ? bco_vocab_find(vocab, text, length) : -1;
    if (whole >= 0) return bco_ids_add(ids, whole) ? BCO_OK : bco_fail_memory(err);
    if (length > INT32_MAX / 2)
        return bco_fail(err, BCO_EDATA, "text of %zu bytes is too long, the limit is %d", length, INT32_MAX / 2);
    if (!bco_grow((void **)&room->symbols, &room->symbols_capacity, length + 1, sizeof *room->symbols))
        return bco_fail_memory(err);
    size_t count = first_symbols(bpe, vocab, text, length, room);
    room->queue_count = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if (!push_pair(bpe, room, (int32_t)i)) return bco_fail_memory(err);
    while (room->queue_count)
        if (!merge_pair(bpe, room, pop(room))) return bco_fail_memory(err);
    for (int32_t i = count ? 0 : -1; i >= 0; i = room->symbols[i].next)
        if (!bco_ids_add(ids, room->symbols[i].id)) return bco_fail_memory(err);
    return BCO_OK;
}

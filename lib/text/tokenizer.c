#include "text/tokenizer.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/unicode.h"

#include <stdio.h>
#include <string.h>

void bco_ids_free(struct bco_ids *ids) {
    if (!ids) return;
    free(ids->ids);
    *ids = (struct bco_ids){0};
}

/* ---- opening -------------------------------------------------------------------- */

static enum bco_code read_stages(struct bco_tokenizer *t, yyjson_val *root, struct bco_error *err) {
    if (!yyjson_is_obj(root)) return bco_fail(err, BCO_EDATA, "not a JSON object");
    enum bco_code code = bco_splitter_read(&t->splitter, yyjson_obj_get(root, "pre_tokenizer"), err);
    t->bpe.byte_level = t->splitter.byte_level;
    if (!code) code = bco_bpe_read(&t->bpe, &t->vocab, yyjson_obj_get(root, "model"), err);
    if (!code) code = bco_normalizer_read(&t->normalizer, yyjson_obj_get(root, "normalizer"), err);
    if (!code) code = bco_added_read(&t->added, &t->vocab, &t->normalizer, yyjson_obj_get(root, "added_tokens"), err);
    if (!code) code = bco_postprocessor_read(&t->post, t->vocab.size, yyjson_obj_get(root, "post_processor"), err);
    if (!code) code = bco_decoder_read(&t->decoder, yyjson_obj_get(root, "decoder"), err);
    return code;
}

static enum bco_code read_folder(struct bco_tokenizer *t, const char *dir, struct bco_error *err) {
    yyjson_doc *doc;
    enum bco_code code = bco_json_file(&doc, dir, "tokenizer.json", true, err);
    if (code) return code;
    code = read_stages(t, yyjson_doc_get_root(doc), err);
    if (code) {
        char path[BCO_ERROR_FILE_SIZE];
        snprintf(path, sizeof path, "%s/tokenizer.json", dir);
        bco_error_place(err, path, 0, NULL);
    }
    if (!code) code = bco_eos_read(t, dir, &t->eos, err);
    if (!code) code = bco_tokenizer_digest(t, yyjson_doc_get_root(doc), &t->fingerprint, err);
    yyjson_doc_free(doc);
    return code;
}

enum bco_code bco_tokenizer_open(struct bco_tokenizer **tokenizer, const char *dir, struct bco_error *err) {
    *tokenizer = NULL;
    struct bco_tokenizer *t = bco_calloc(1, sizeof *t);
    if (!t) return bco_fail_memory(err);
    t->rooms = bco_rooms_new();
    enum bco_code code = t->rooms ? read_folder(t, dir, err) : bco_fail_memory(err);
    if (code)
        bco_tokenizer_close(t);
    else
        *tokenizer = t;
    return code;
}

void bco_tokenizer_close(struct bco_tokenizer *tokenizer) {
    if (!tokenizer) return;
    bco_rooms_free(tokenizer->rooms);
    bco_decoder_free(&tokenizer->decoder);
    bco_postprocessor_free(&tokenizer->post);
    bco_bpe_free(&tokenizer->bpe);
    bco_splitter_free(&tokenizer->splitter);
    bco_normalizer_free(&tokenizer->normalizer);
    bco_added_free(&tokenizer->added);
    bco_vocab_free(&tokenizer->vocab);
    free(tokenizer);
}

/* ---- encoding --------------------------------------------------------------------- */

static enum bco_code add_all(struct bco_ids *ids, const struct bco_ids *more, struct bco_error *err) {
    for (size_t i = 0; i < more->count; i++)
        if (!bco_ids_add(ids, more->ids[i])) return bco_fail_memory(err);
    return BCO_OK;
}

static enum bco_code encode_spans(const struct bco_tokenizer *t, const char *text, size_t length, bool first,
                                  struct bco_room *room, struct bco_ids *ids, struct bco_error *err) {
    const struct bco_spans *spans;
    enum bco_code code = bco_splitter_apply(&t->splitter, text, length, first, &room->split, &spans, err);
    for (size_t i = 0; !code && i < spans->count; i++)
        code = bco_bpe_encode(&t->bpe, &t->vocab, spans->text + spans->items[i].start,
                              spans->items[i].end - spans->items[i].start, &room->bpe, ids, err);
    return code;
}

/* What stands between two added tokens; `first`: it begins the text. */
static enum bco_code encode_part(const struct bco_tokenizer *t, const char *text, size_t length, bool first,
                                 struct bco_room *room, struct bco_ids *ids, struct bco_error *err) {
    bool moved;
    enum bco_code code = bco_normalizer_apply(&t->normalizer, text, length, &room->text, &room->scratch, &moved, err);
    first = first && !moved;
    room->inner.count = 0;
    if (!code)
        code = bco_added_cut(&t->added, &t->added.normalized, room->text.data, room->text.length, &room->inner, err);
    for (size_t i = 0; !code && i < room->inner.count; i++) {
        const struct bco_cut *cut = &room->inner.cuts[i];
        if (cut->token)
            code = bco_ids_add(ids, cut->token->id) ? BCO_OK : bco_fail_memory(err);
        else
            code = encode_spans(t, room->text.data + cut->start, cut->end - cut->start, first && cut->start == 0, room,
                                ids, err);
    }
    return code;
}

static enum bco_code encode_text(const struct bco_tokenizer *t, const char *text, size_t length, struct bco_room *room,
                                 struct bco_ids *ids, struct bco_error *err) {
    room->cuts.count = 0;
    enum bco_code code = bco_added_cut(&t->added, &t->added.raw, text, length, &room->cuts, err);
    for (size_t i = 0; !code && i < room->cuts.count; i++) {
        const struct bco_cut *cut = &room->cuts.cuts[i];
        if (cut->token)
            code = bco_ids_add(ids, cut->token->id) ? BCO_OK : bco_fail_memory(err);
        else
            code = encode_part(t, text + cut->start, cut->end - cut->start, cut->start == 0, room, ids, err);
    }
    return code;
}

enum bco_code bco_tokenizer_encode(const struct bco_tokenizer *tokenizer, const char *text, size_t length,
                                   unsigned flags, struct bco_ids *ids, struct bco_error *err) {
    size_t valid = bco_utf8_good(text, length);
    if (valid < length) return bco_fail(err, BCO_EDATA, "text is not UTF-8 at byte %zu", valid);
    struct bco_room *room = bco_rooms_take(tokenizer->rooms);
    if (!room) return bco_fail_memory(err);
    size_t count = ids->count;
    enum bco_code code = BCO_OK;
    if (flags & BCO_ENCODE_SPECIAL) code = add_all(ids, &tokenizer->post.before, err);
    if (!code) code = encode_text(tokenizer, text, length, room, ids, err);
    if (!code && flags & BCO_ENCODE_SPECIAL) code = add_all(ids, &tokenizer->post.after, err);
    if (code) ids->count = count;
    bco_rooms_give(tokenizer->rooms, room);
    return code;
}

/* ---- decoding --------------------------------------------------------------------- */

static enum bco_code collect_pieces(const struct bco_tokenizer *t, const int32_t *ids, size_t count, unsigned flags,
                                    struct bco_pieces *pieces, struct bco_error *err) {
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *piece = bco_tokenizer_piece(t, ids[i], &length);
        if (!piece || (flags & BCO_DECODE_SKIP_SPECIAL && t->vocab.pieces[ids[i]].special)) continue;
        bco_buf_add(&pieces->bytes, piece, length);
        if (!bco_pieces_end(pieces)) return bco_fail_memory(err);
    }
    return BCO_OK;
}

enum bco_code bco_tokenizer_decode(const struct bco_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                   unsigned flags, char **text, size_t *length, struct bco_error *err) {
    struct bco_pieces pieces = {0}, scratch = {0};
    struct bco_buf out = {0};
    *text = NULL;
    enum bco_code code = collect_pieces(tokenizer, ids, count, flags, &pieces, err);
    bco_buf_add(&out, "", 0);
    if (!code) code = bco_decoder_apply(&tokenizer->decoder, &pieces, &scratch, &out, err);
    if (!code) {
        *text = out.data;
        *length = out.length;
        out = (struct bco_buf){0};
    }
    bco_buf_free(&out);
    bco_pieces_free(&pieces);
    bco_pieces_free(&scratch);
    return code;
}

/* ---- looking ---------------------------------------------------------------------- */

size_t bco_tokenizer_vocabulary(const struct bco_tokenizer *tokenizer) {
    return tokenizer->vocab.size;
}

int32_t bco_tokenizer_bos(const struct bco_tokenizer *tokenizer) {
    return tokenizer->post.before.count ? tokenizer->post.before.ids[0] : -1;
}

int32_t bco_tokenizer_eos(const struct bco_tokenizer *tokenizer) {
    return tokenizer->eos;
}

const char *bco_tokenizer_piece(const struct bco_tokenizer *tokenizer, int32_t id, size_t *length) {
    if (id < 0 || (size_t)id >= tokenizer->vocab.size) return NULL;
    *length = tokenizer->vocab.pieces[id].length;
    return tokenizer->vocab.pieces[id].text;
}

uint32_t bco_tokenizer_fingerprint(const struct bco_tokenizer *tokenizer) {
    return tokenizer->fingerprint;
}

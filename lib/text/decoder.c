#include "text/decoder.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/bpe.h"
#include "text/json.h"
#include "text/normalizer.h"
#include "text/unicode.h"

#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

void bco_pieces_free(struct bco_pieces *pieces) {
    bco_buf_free(&pieces->bytes);
    free(pieces->ends);
    *pieces = (struct bco_pieces){0};
}

void bco_pieces_clear(struct bco_pieces *pieces) {
    bco_buf_clear(&pieces->bytes);
    pieces->count = 0;
}

bool bco_pieces_end(struct bco_pieces *pieces) {
    if (!bco_grow((void **)&pieces->ends, &pieces->capacity, pieces->count + 1, sizeof *pieces->ends)) return false;
    pieces->ends[pieces->count++] = pieces->bytes.length;
    return true;
}

static const char *piece_at(const struct bco_pieces *pieces, size_t i, size_t *length) {
    size_t start = i ? pieces->ends[i - 1] : 0;
    *length = pieces->ends[i] - start;
    return *length ? pieces->bytes.data + start : "";
}

/* ---- the kinds: each writes all of `out` from all of `in` -------------------- */

static enum bco_code read_replace(struct bco_decoder_step *step, yyjson_val *json, struct bco_error *err) {
    enum bco_code code = bco_json_copy(json, "content", &step->text, &step->length, err);
    return code ? code : bco_pattern_read(&step->pattern, yyjson_obj_get(json, "pattern"), err);
}

static enum bco_code read_strip(struct bco_decoder_step *step, yyjson_val *json, struct bco_error *err) {
    enum bco_code code = bco_json_copy(json, "content", &step->text, &step->length, err);
    if (!code && !step->length) code = bco_fail(err, BCO_EDATA, "decoder 'Strip' has an empty 'content'");
    if (!code) code = bco_json_size(json, "start", 0, &step->start, err);
    if (!code) code = bco_json_size(json, "stop", 0, &step->stop, err);
    return code;
}

static enum bco_code read_metaspace(struct bco_decoder_step *step, yyjson_val *json, struct bco_error *err) {
    bool prefix;
    enum bco_code code = bco_json_copy(json, "replacement", &step->text, &step->length, err);
    if (!code && !step->length) code = bco_fail(err, BCO_EDATA, "decoder 'Metaspace': 'replacement' is empty");
    if (!code) code = bco_json_bool(json, "add_prefix_space", true, &prefix, err);
    if (code) return code;
    const char *scheme = yyjson_get_str(yyjson_obj_get(json, "prepend_scheme"));
    step->prepended = scheme ? strcmp(scheme, "never") != 0 : prefix;
    return BCO_OK;
}

static enum bco_code apply_replace(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                   struct bco_pieces *out, struct bco_error *err) {
    for (size_t i = 0; i < in->count; i++) {
        size_t length;
        const char *piece = piece_at(in, i, &length);
        enum bco_code code = bco_replace(&step->pattern, step->text, step->length, piece, length, &out->bytes, err);
        if (code) return code;
        if (!bco_pieces_end(out)) return bco_fail_memory(err);
    }
    return BCO_OK;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The byte that a piece such as <0x0A> stands for; -1: none. */
static int byte_of_piece(const char *piece, size_t length) {
    if (length != 6 || memcmp(piece, "<0x", 3) != 0 || piece[5] != '>') return -1;
    int high = hex_digit(piece[3]), low = hex_digit(piece[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* A run of byte pieces that is not UTF-8 as a whole becomes as many U+FFFD, as in the reference. */
static bool end_bytes(struct bco_pieces *out, size_t start) {
    size_t length = out->bytes.length - start;
    if (!length) return true;
    if (bco_utf8_good(out->bytes.data + start, length) < length) {
        out->bytes.length = start;
        for (size_t i = 0; i < length; i++) bco_buf_str(&out->bytes, replacement);
    }
    return bco_pieces_end(out);
}

static enum bco_code apply_byte_fallback(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                         struct bco_pieces *out, struct bco_error *err) {
    (void)step;
    size_t start = 0; /* of the run of byte pieces, in out->bytes */
    for (size_t i = 0; i < in->count; i++) {
        size_t length;
        const char *piece = piece_at(in, i, &length);
        int byte = byte_of_piece(piece, length);
        if (byte >= 0) {
            bco_buf_char(&out->bytes, (char)byte);
            continue;
        }
        if (!end_bytes(out, start)) return bco_fail_memory(err);
        bco_buf_add(&out->bytes, piece, length);
        if (!bco_pieces_end(out)) return bco_fail_memory(err);
        start = out->bytes.length;
    }
    return end_bytes(out, start) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code apply_fuse(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                struct bco_pieces *out, struct bco_error *err) {
    (void)step;
    bco_buf_add(&out->bytes, in->bytes.data ? in->bytes.data : "", in->bytes.length);
    return bco_pieces_end(out) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code apply_strip(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                 struct bco_pieces *out, struct bco_error *err) {
    for (size_t i = 0; i < in->count; i++) {
        size_t length, size = step->length;
        const char *piece = piece_at(in, i, &length);
        for (size_t n = 0; n < step->start && length >= size && !memcmp(piece, step->text, size); n++) {
            piece += size;
            length -= size;
        }
        for (size_t n = 0; n < step->stop && length >= size && !memcmp(piece + length - size, step->text, size); n++)
            length -= size;
        bco_buf_add(&out->bytes, piece, length);
        if (!bco_pieces_end(out)) return bco_fail_memory(err);
    }
    return BCO_OK;
}

/* The byte that a character of a byte-level vocabulary stands for; -1: none. */
static int byte_of_character(uint32_t c) {
    if (c >= 256 && c <= 256 + 32) return (int)(c - 256);
    if (c > 256 + 32 && c < 256 + 67) return (int)(c - 256 - 33 + 0x7F);
    if (c == 256 + 67) return 0xAD;
    return c < 256 && bco_byte_character((unsigned char)c) == c ? (int)c : -1;
}

/* Appends the bytes of a piece; one that has a character of another kind is taken as it stands. */
static void add_bytes(const char *piece, size_t length, struct bco_buf *bytes) {
    size_t start = bytes->length;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        i += bco_utf8_next(piece + i, length - i, &c);
        int byte = byte_of_character(c);
        if (byte < 0) {
            bytes->length = start;
            bco_buf_add(bytes, piece, length);
            return;
        }
        bco_buf_char(bytes, (char)byte);
    }
}

static enum bco_code apply_byte_level(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                      struct bco_pieces *out, struct bco_error *err) {
    (void)step;
    struct bco_buf bytes = {0};
    for (size_t i = 0; i < in->count; i++) {
        size_t length;
        const char *piece = piece_at(in, i, &length);
        add_bytes(piece, length, &bytes);
    }
    bco_utf8_clean(&out->bytes, bytes.data, bytes.length);
    bool failed = bytes.failed;
    bco_buf_free(&bytes);
    return !failed && bco_pieces_end(out) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code apply_metaspace(const struct bco_decoder_step *step, const struct bco_pieces *in,
                                     struct bco_pieces *out, struct bco_error *err) {
    for (size_t i = 0; i < in->count; i++) {
        size_t length, at = 0;
        const char *piece = piece_at(in, i, &length);
        while (at < length) {
            bool mark = length - at >= step->length && !memcmp(piece + at, step->text, step->length);
            if (!mark) bco_buf_char(&out->bytes, piece[at]);
            if (mark && (i || !step->prepended)) bco_buf_char(&out->bytes, ' ');
            at += mark ? step->length : 1;
        }
        if (!bco_pieces_end(out)) return bco_fail_memory(err);
    }
    return BCO_OK;
}

/* In the order of the enum in decoder.h. */
static const struct kind {
    const char *name;
    enum bco_code (*read)(struct bco_decoder_step *step, yyjson_val *json, struct bco_error *err);
    enum bco_code (*apply)(const struct bco_decoder_step *step, const struct bco_pieces *in, struct bco_pieces *out,
                           struct bco_error *err);
} kinds[] = {
    [DECODE_REPLACE] = {"Replace", read_replace, apply_replace},
    [DECODE_BYTE_FALLBACK] = {"ByteFallback", NULL, apply_byte_fallback},
    [DECODE_FUSE] = {"Fuse", NULL, apply_fuse},
    [DECODE_STRIP] = {"Strip", read_strip, apply_strip},
    [DECODE_BYTE_LEVEL] = {"ByteLevel", NULL, apply_byte_level},
    [DECODE_METASPACE] = {"Metaspace", read_metaspace, apply_metaspace},
};

static enum bco_code read_step(void *user, yyjson_val *json, struct bco_error *err) {
    struct bco_decoder *decoder = user;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, bco_json_type(json)) != 0) continue;
        if (!bco_grow((void **)&decoder->steps, &decoder->capacity, decoder->count + 1, sizeof *decoder->steps))
            return bco_fail_memory(err);
        struct bco_decoder_step *step = &decoder->steps[decoder->count++];
        memset(step, 0, sizeof *step);
        step->kind = (int)i;
        return kinds[i].read ? kinds[i].read(step, json, err) : BCO_OK;
    }
    return bco_fail(err, BCO_EDATA, "decoder '%s' is not supported", bco_json_type(json));
}

enum bco_code bco_decoder_read(struct bco_decoder *decoder, yyjson_val *json, struct bco_error *err) {
    decoder->none = !json || yyjson_is_null(json);
    return bco_json_steps(json, "decoders", read_step, decoder, err);
}

void bco_decoder_free(struct bco_decoder *decoder) {
    for (size_t i = 0; i < decoder->count; i++) {
        free(decoder->steps[i].text);
        bco_pattern_free(&decoder->steps[i].pattern);
    }
    free(decoder->steps);
    *decoder = (struct bco_decoder){0};
}

enum bco_code bco_decoder_apply(const struct bco_decoder *decoder, struct bco_pieces *pieces,
                                struct bco_pieces *scratch, struct bco_buf *out, struct bco_error *err) {
    for (size_t i = 0; i < decoder->count; i++) {
        bco_pieces_clear(scratch);
        enum bco_code code = kinds[decoder->steps[i].kind].apply(&decoder->steps[i], pieces, scratch, err);
        if (code) return code;
        struct bco_pieces swap = *pieces;
        *pieces = *scratch;
        *scratch = swap;
    }
    for (size_t i = 0; i < pieces->count; i++) {
        size_t length;
        const char *piece = piece_at(pieces, i, &length);
        if (decoder->none && i) bco_buf_char(out, ' ');
        bco_buf_add(out, piece, length);
    }
    return out->failed || pieces->bytes.failed || scratch->bytes.failed ? bco_fail_memory(err) : BCO_OK;
}

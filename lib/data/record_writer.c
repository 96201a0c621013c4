/* Records out, and bad ones with the reason why. */
#include "base/fail.h"
#include "data/record.h"
#include "stream/output.h"
#include "stream/utf8.h"

#include <string.h>

/* struct bco_writer is never defined: a writer is an output. */
struct bco_output *bco_writer_output(struct bco_writer *writer) {
    return (struct bco_output *)writer;
}

enum bco_code bco_writer_open(struct bco_writer **writer, const char *path, struct bco_error *err) {
    return bco_output_open((struct bco_output **)writer, path, err);
}

enum bco_code bco_writer_bytes(struct bco_writer *writer, const void *bytes, size_t length, struct bco_error *err) {
    return bco_output_write(bco_writer_output(writer), bytes, length, err);
}

enum bco_code bco_writer_flush(struct bco_writer *writer, struct bco_error *err) {
    return bco_output_flush(bco_writer_output(writer), err);
}

enum bco_code bco_writer_close(struct bco_writer *writer, struct bco_error *err) {
    return bco_output_close(bco_writer_output(writer), err);
}

void bco_writer_discard(struct bco_writer *writer) {
    bco_output_discard(bco_writer_output(writer));
}

enum bco_code bco_writer_record(struct bco_writer *writer, const struct bco_record *record, struct bco_error *err) {
    struct bco_buf *to = bco_output_buffer(bco_writer_output(writer));
    bco_record_write(record, to);
    bco_buf_char(to, '\n');
    return bco_output_settle(bco_writer_output(writer), err);
}

/* ---- rejects ---- */

static void put_clean(struct bco_buf *to, const char *text, size_t length) {
    struct bco_buf clean = {0};
    if (bco_utf8_good(text, length) == length) {
        bco_buf_json_string(to, text, length);
        return;
    }
    bco_utf8_clean(&clean, text, length);
    bco_buf_json_string(to, clean.data, clean.length);
    to->failed |= clean.failed;
    bco_buf_free(&clean);
}

static void put_base64(struct bco_buf *to, const unsigned char *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned long word = (unsigned long)bytes[i] << 16;
        if (left > 1) word |= (unsigned long)bytes[i + 1] << 8;
        if (left > 2) word |= bytes[i + 2];
        char four[4] = {digits[word >> 18], digits[word >> 12 & 63], '=', '='};
        if (left > 1) four[2] = digits[word >> 6 & 63];
        if (left > 2) four[3] = digits[word & 63];
        bco_buf_add(to, four, sizeof four);
    }
}

static void put_reason(struct bco_buf *to, const struct bco_error *reason) {
    struct bco_error bare = *reason;
    char text[BCO_ERROR_FIELD_SIZE + BCO_ERROR_MESSAGE_SIZE + 16];
    bare.file[0] = '\0';
    bare.line = 0;
    bco_error_format(&bare, text, sizeof text);
    put_clean(to, text, strlen(text));
}

enum bco_code bco_writer_reject(struct bco_writer *rejects, const struct bco_error *reason, const char *raw,
                                size_t length, struct bco_error *err) {
    struct bco_buf *to = bco_output_buffer(bco_writer_output(rejects));
    bco_buf_str(to, "{\"file\":");
    put_clean(to, reason->file, strlen(reason->file));
    bco_buf_printf(to, ",\"line\":%zu,\"reason\":", reason->line);
    put_reason(to, reason);
    bco_buf_str(to, ",\"record\":");
    put_clean(to, raw, length);
    if (bco_utf8_good(raw, length) < length) {
        bco_buf_str(to, ",\"record_base64\":\"");
        put_base64(to, (const unsigned char *)raw, length);
        bco_buf_char(to, '"');
    }
    bco_buf_str(to, "}\n");
    return bco_output_settle(bco_writer_output(rejects), err);
}

#include "stream/input.h"

#include "base/fail.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { BUFFER = 1 << 17, MAGIC = 4 };
enum kind { PLAIN, ZSTD, GZIP };

struct bco_input {
    char *path;
    int fd;
    int stop;      /* -1, or the descriptor that tells to give up */
    bool standard; /* standard input: not ours to close */
    enum kind kind;
    bool end;    /* the file's */
    bool inside; /* a frame or member has begun and has not ended */
    bool padded; /* zeros follow the last gzip member: nothing else may */
    ZSTD_DStream *zstd;
    z_stream gzip;
    bool gzip_made;
    uint64_t taken;     /* bytes of the file */
    size_t start, held; /* bytes of `buffer` that were read and not yet used */
    unsigned char buffer[BUFFER];
};

void bco_input_give_up_on(struct bco_input *in, int fd) {
    in->stop = fd;
}

static bool told_to_stop(const struct bco_input *in) {
    struct pollfd fds[2] = {{.fd = in->fd, .events = POLLIN}, {.fd = in->stop, .events = POLLIN}};
    if (in->stop < 0) return false;
    while (poll(fds, 2, -1) < 0 && errno == EINTR) continue;
    return fds[1].revents != 0;
}

static enum bco_code read_file(struct bco_input *in, void *bytes, size_t size, size_t *got, struct bco_error *err) {
    ssize_t n;
    if (told_to_stop(in)) return bco_fail_at(err, BCO_ESYSTEM, in->path, 0, NULL, "reading was stopped");
    do n = read(in->fd, bytes, size);
    while (n < 0 && errno == EINTR);
    if (n < 0) return bco_fail_errno(err, in->path, "cannot read");
    *got = (size_t)n;
    if (n == 0) in->end = true;
    in->taken += (uint64_t)n;
    return BCO_OK;
}

uint64_t bco_input_used(const struct bco_input *in) {
    return in->taken - in->held;
}

static enum bco_code fill(struct bco_input *in, struct bco_error *err) {
    size_t got = 0;
    if (in->start) memmove(in->buffer, in->buffer + in->start, in->held);
    in->start = 0;
    enum bco_code code = read_file(in, in->buffer + in->held, BUFFER - in->held, &got, err);
    in->held += got;
    return code;
}

static enum kind kind_of(const unsigned char *c, size_t length) {
    if (length >= 4 && c[1] == 0xB5 && c[2] == 0x2F && c[3] == 0xFD && c[0] == 0x28) return ZSTD;
    if (length >= 4 && (c[0] & 0xF0) == 0x50 && c[1] == 0x2A && c[2] == 0x4D && c[3] == 0x18) return ZSTD;
    if (length >= 3 && c[0] == 0x1F && c[1] == 0x8B && c[2] == 8) return GZIP;
    return PLAIN;
}

static enum bco_code recognise(struct bco_input *in, struct bco_error *err) {
    while (in->held < MAGIC && !in->end) {
        enum bco_code code = fill(in, err);
        if (code) return code;
    }
    in->kind = kind_of(in->buffer, in->held);
    if (in->kind == ZSTD && !(in->zstd = ZSTD_createDStream())) return bco_fail_memory(err);
    if (in->kind == GZIP) {
        if (inflateInit2(&in->gzip, 15 + 16) != Z_OK) return bco_fail_memory(err);
        in->gzip_made = true;
    }
    return BCO_OK;
}

static enum bco_code open_path(struct bco_input *in, struct bco_error *err) {
    struct stat st;
    in->standard = strcmp(in->path, "-") == 0;
    in->fd = in->standard ? STDIN_FILENO : open(in->path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0) return bco_fail_errno(err, in->path, "cannot open");
    if (fstat(in->fd, &st) != 0) return bco_fail_errno(err, in->path, "cannot read");
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return bco_fail_errno(err, in->path, "cannot read");
    }
    return recognise(in, err);
}

enum bco_code bco_input_open(struct bco_input **input, const char *path, struct bco_error *err) {
    *input = NULL;
    struct bco_input *in = bco_calloc(1, sizeof *in);
    if (!in) return bco_fail_memory(err);
    in->fd = in->stop = -1;
    in->path = bco_strndup(path, strlen(path));
    enum bco_code code = in->path ? open_path(in, err) : bco_fail_memory(err);
    if (code)
        bco_input_close(in);
    else
        *input = in;
    return code;
}

static enum bco_code cut_short(const struct bco_input *in, const char *what, struct bco_error *err) {
    return bco_fail_at(err, BCO_EDATA, in->path, 0, NULL, "the %s stream is cut short", what);
}

/* One step: what is held is used, and *got may still be 0. */
static enum bco_code step_zstd(struct bco_input *in, void *bytes, size_t size, size_t *got, struct bco_error *err) {
    ZSTD_inBuffer from = {in->buffer + in->start, in->held, 0};
    ZSTD_outBuffer to = {bytes, size, 0};
    size_t left = ZSTD_decompressStream(in->zstd, &to, &from);
    if (ZSTD_isError(left))
        return bco_fail_at(err, BCO_EDATA, in->path, 0, NULL, "the zstd stream is broken: %s", ZSTD_getErrorName(left));
    if (from.pos || to.pos) in->inside = left != 0;
    in->start += from.pos;
    in->held -= from.pos;
    *got = to.pos;
    return BCO_OK;
}

/* Zeros behind the last member are tapes' and disks' padding, as gzip(1) sees it. */
static enum bco_code skip_padding(struct bco_input *in, struct bco_error *err) {
    while (in->held && in->buffer[in->start] == 0) {
        in->padded = true;
        in->start++;
        in->held--;
    }
    if (in->held && (in->padded || in->buffer[in->start] != 0x1F))
        return bco_fail_at(err, BCO_EDATA, in->path, 0, NULL, "something else follows the gzip stream");
    if (in->held && inflateReset(&in->gzip) != Z_OK) return bco_fail_memory(err);
    return BCO_OK;
}

static enum bco_code step_gzip(struct bco_input *in, void *bytes, size_t size, size_t *got, struct bco_error *err) {
    if (!in->inside) {
        enum bco_code code = skip_padding(in, err);
        if (code || !in->held) return code;
        in->inside = true;
    }
    uInt room = size > 1u << 30 ? 1u << 30 : (uInt)size;
    in->gzip.next_in = in->buffer + in->start;
    in->gzip.avail_in = (uInt)in->held;
    in->gzip.next_out = bytes;
    in->gzip.avail_out = room;
    int status = inflate(&in->gzip, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return bco_fail_at(err, BCO_EDATA, in->path, 0, NULL, "the gzip stream is broken: %s",
                           in->gzip.msg ? in->gzip.msg : zError(status));
    in->start += in->held - in->gzip.avail_in;
    in->held = in->gzip.avail_in;
    in->inside = status != Z_STREAM_END;
    *got = room - in->gzip.avail_out;
    return BCO_OK;
}

static enum bco_code read_packed(struct bco_input *in, void *bytes, size_t size, size_t *got, struct bco_error *err) {
    for (;;) {
        enum bco_code code =
            in->kind == ZSTD ? step_zstd(in, bytes, size, got, err) : step_gzip(in, bytes, size, got, err);
        if (code || *got) return code;
        if (in->end && !in->held) return in->inside ? cut_short(in, in->kind == ZSTD ? "zstd" : "gzip", err) : BCO_OK;
        size_t before = in->held;
        if (!in->end && (code = fill(in, err))) return code;
        if (in->end && in->held == before && in->held && in->inside && in->kind == ZSTD)
            return cut_short(in, "zstd", err);
    }
}

enum bco_code bco_input_read(struct bco_input *in, void *bytes, size_t size, size_t *got, struct bco_error *err) {
    *got = 0;
    if (in->kind != PLAIN) return read_packed(in, bytes, size, got, err);
    if (in->held) {
        *got = in->held < size ? in->held : size;
        memcpy(bytes, in->buffer + in->start, *got);
        in->start += *got;
        in->held -= *got;
        return BCO_OK;
    }
    return in->end ? BCO_OK : read_file(in, bytes, size, got, err);
}

void bco_input_close(struct bco_input *in) {
    if (!in) return;
    if (in->fd >= 0 && !in->standard) close(in->fd);
    ZSTD_freeDStream(in->zstd);
    if (in->gzip_made) inflateEnd(&in->gzip);
    free(in->path);
    free(in);
}

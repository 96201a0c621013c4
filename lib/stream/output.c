#define _GNU_SOURCE /* sync_file_range */
#include "stream/output.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/temp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { FULL = 1 << 18, PACKED = 1 << 17, STRETCH = 1 << 23 };
enum packing { PLAIN, ZSTD, GZIP };

struct bco_output {
    char *path; /* "-" for standard output */
    int fd;
    bool direct; /* no temporary file */
    struct bco_temp temp;
    enum packing packing;
    ZSTD_CStream *zstd;
    z_stream gzip;
    bool gzip_made;
    uint64_t written;      /* PLAIN: bytes in the file */
    uint64_t put, started; /* bytes in the file, and those of them on their way to the disk */
    struct bco_buf waiting;
    unsigned char packed[PACKED];
};

static bool ends_in(const char *path, const char *end) {
    size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

/* The open descriptor that a name means, or -1. Opening /dev/stdout would begin its file anew. */
static int descriptor_of(const char *path) {
    static const char *const names[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(path, names[i]) == 0) return STDOUT_FILENO;
    return strcmp(path, "/dev/stderr") == 0 ? STDERR_FILENO : -1;
}

/* Standard output is written through a copy, so that its close can be checked without closing it. */
static enum bco_code open_target(struct bco_output *out, struct bco_error *err) {
    struct stat st;
    int open_already = descriptor_of(out->path);
    if (open_already >= 0) {
        out->fd = fcntl(open_already, F_DUPFD_CLOEXEC, 0);
        out->direct = true;
        return out->fd < 0 ? bco_fail_errno(err, out->path, "cannot write") : BCO_OK;
    }
    if (stat(out->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        out->fd = open(out->path, O_WRONLY | O_CLOEXEC);
        out->direct = true;
        return out->fd < 0 ? bco_fail_errno(err, out->path, "cannot write") : BCO_OK;
    }
    enum bco_code code = bco_temp_open(&out->temp, out->path, err);
    out->fd = out->temp.fd;
    return code;
}

static enum bco_code open_packing(struct bco_output *out, struct bco_error *err) {
    if (ends_in(out->path, ".zst")) {
        out->packing = ZSTD;
        out->zstd = ZSTD_createCStream();
        if (!out->zstd) return bco_fail_memory(err);
        ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_checksumFlag, 1);
    } else if (ends_in(out->path, ".gz")) {
        out->packing = GZIP;
        if (deflateInit2(&out->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            return bco_fail_memory(err);
        out->gzip_made = true;
    }
    return BCO_OK;
}

enum bco_code bco_output_open(struct bco_output **output, const char *path, struct bco_error *err) {
    *output = NULL;
    struct bco_output *out = bco_calloc(1, sizeof *out);
    if (!out) return bco_fail_memory(err);
    if (!path) path = "-";
    out->fd = -1;
    out->temp.fd = -1;
    out->temp.slot = -1;
    out->path = bco_strndup(path, strlen(path));
    enum bco_code code = out->path ? open_target(out, err) : bco_fail_memory(err);
    if (!code) code = open_packing(out, err);
    if (code)
        bco_output_discard(out);
    else
        *output = out;
    return code;
}

/* The disk begins to write while the rest is being made, so that little is left for the fsync at the end. It is advice:
 * whether it works is of no consequence. */
static void start_to_disk(struct bco_output *out) {
    if (out->direct || out->put - out->started < STRETCH) return;
    sync_file_range(out->fd, (off_t)out->started, (off_t)(out->put - out->started), SYNC_FILE_RANGE_WRITE);
    out->started = out->put;
}

static enum bco_code put(struct bco_output *out, const void *bytes, size_t length, struct bco_error *err) {
    const char *from = bytes;
    while (length) {
        ssize_t n = write(out->fd, from, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bco_fail_errno(err, out->path, "cannot write");
        from += n;
        length -= (size_t)n;
        out->put += (uint64_t)n;
    }
    start_to_disk(out);
    return BCO_OK;
}

static enum bco_code put_zstd(struct bco_output *out, const char *bytes, size_t length, ZSTD_EndDirective mode,
                              struct bco_error *err) {
    ZSTD_inBuffer from = {bytes, length, 0};
    for (;;) {
        ZSTD_outBuffer to = {out->packed, PACKED, 0};
        size_t left = ZSTD_compressStream2(out->zstd, &to, &from, mode);
        if (ZSTD_isError(left))
            return bco_fail_at(err, BCO_ESYSTEM, out->path, 0, NULL, "cannot compress: %s", ZSTD_getErrorName(left));
        enum bco_code code = put(out, out->packed, to.pos, err);
        if (code) return code;
        if (mode == ZSTD_e_continue ? from.pos == from.size : left == 0) return BCO_OK;
    }
}

static enum bco_code put_gzip(struct bco_output *out, const char *bytes, size_t length, int mode,
                              struct bco_error *err) {
    do {
        uInt part = length > 1u << 30 ? 1u << 30 : (uInt)length;
        int now = part == length ? mode : Z_NO_FLUSH;
        out->gzip.next_in = (unsigned char *)(uintptr_t)bytes; /* zlib's interface is without const */
        out->gzip.avail_in = part;
        do {
            out->gzip.next_out = out->packed;
            out->gzip.avail_out = PACKED;
            if (deflate(&out->gzip, now) == Z_STREAM_ERROR)
                return bco_fail_at(err, BCO_ESYSTEM, out->path, 0, NULL, "cannot compress");
            enum bco_code code = put(out, out->packed, PACKED - out->gzip.avail_out, err);
            if (code) return code;
        } while (out->gzip.avail_out == 0);
        bytes += part;
        length -= part;
    } while (length);
    return BCO_OK;
}

static enum bco_code drain(struct bco_output *out, ZSTD_EndDirective zstd_mode, int gzip_mode, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    if (out->waiting.failed) return bco_fail_memory(err);
    if (out->packing == ZSTD)
        code = put_zstd(out, out->waiting.data, out->waiting.length, zstd_mode, err);
    else if (out->packing == GZIP)
        code = put_gzip(out, out->waiting.data, out->waiting.length, gzip_mode, err);
    else
        code = put(out, out->waiting.data, out->waiting.length, err);
    out->written += out->waiting.length;
    bco_buf_clear(&out->waiting);
    return code;
}

struct bco_buf *bco_output_buffer(struct bco_output *out) {
    return &out->waiting;
}

enum bco_code bco_output_settle(struct bco_output *out, struct bco_error *err) {
    if (out->waiting.failed || out->waiting.length >= FULL) return drain(out, ZSTD_e_continue, Z_NO_FLUSH, err);
    return BCO_OK;
}

enum bco_code bco_output_write(struct bco_output *out, const void *bytes, size_t length, struct bco_error *err) {
    bco_buf_add(&out->waiting, bytes, length);
    return bco_output_settle(out, err);
}

enum bco_code bco_output_flush(struct bco_output *out, struct bco_error *err) {
    return drain(out, ZSTD_e_flush, Z_SYNC_FLUSH, err);
}

bool bco_output_keeps(const struct bco_output *out) {
    return out->packing == PLAIN && !out->direct;
}

uint64_t bco_output_size(const struct bco_output *out) {
    return out->written + out->waiting.length;
}

enum bco_code bco_output_kept(struct bco_output *out, struct bco_kept *kept, struct bco_error *err) {
    enum bco_code code = drain(out, ZSTD_e_continue, Z_NO_FLUSH, err);
    *kept = (struct bco_kept){out->fd, out->path, "the output", out->written};
    return code;
}

enum bco_code bco_output_close(struct bco_output *out, struct bco_error *err) {
    enum bco_code code = drain(out, ZSTD_e_end, Z_FINISH, err);
    if (!code && !out->direct) code = bco_temp_commit(&out->temp, err);
    if (out->direct) {
        if (close(out->fd) != 0 && !code) code = bco_fail_errno(err, out->path, "cannot write");
        out->fd = -1;
    }
    bco_output_discard(out);
    return code;
}

void bco_output_discard(struct bco_output *out) {
    if (!out) return;
    if (out->direct && out->fd >= 0) close(out->fd);
    bco_temp_discard(&out->temp);
    ZSTD_freeCStream(out->zstd);
    if (out->gzip_made) deflateEnd(&out->gzip);
    bco_buf_free(&out->waiting);
    free(out->path);
    free(out);
}

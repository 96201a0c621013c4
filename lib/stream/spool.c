#include "stream/spool.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/temp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 18 };

struct bco_spool {
    char *folder; /* for messages */
    int fd;
    uint64_t written; /* bytes in the file; those of `buffer` follow */
    size_t held;
    char buffer[BUFFER];
};

enum bco_code bco_spool_open(struct bco_spool **spool, const char *folder, struct bco_error *err) {
    *spool = NULL;
    struct bco_spool *s = malloc(sizeof *s);
    if (!s) return bco_fail_memory(err);
    s->fd = -1;
    s->written = 0;
    s->held = 0;
    s->folder = bco_strndup(folder, strlen(folder));
    enum bco_code code = s->folder ? BCO_OK : bco_fail_memory(err);
    if (!code && (s->fd = bco_temp_anonymous(folder)) < 0)
        code = bco_fail_errno(err, folder, "cannot create a temporary file");
    if (code)
        bco_spool_close(s);
    else
        *spool = s;
    return code;
}

static enum bco_code put(struct bco_spool *s, const char *bytes, size_t length, struct bco_error *err) {
    while (length) {
        ssize_t n = pwrite(s->fd, bytes, length, (off_t)s->written);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bco_fail_errno(err, s->folder, "cannot write a temporary file");
        bytes += n;
        length -= (size_t)n;
        s->written += (uint64_t)n;
    }
    return BCO_OK;
}

static enum bco_code flush(struct bco_spool *s, struct bco_error *err) {
    enum bco_code code = put(s, s->buffer, s->held, err);
    if (!code) s->held = 0;
    return code;
}

enum bco_code bco_spool_add(struct bco_spool *spool, const void *bytes, size_t length, struct bco_error *err) {
    if (length > BUFFER - spool->held) {
        enum bco_code code = flush(spool, err);
        if (code) return code;
    }
    if (length > BUFFER) return put(spool, bytes, length, err);
    if (length) memcpy(spool->buffer + spool->held, bytes, length);
    spool->held += length;
    return BCO_OK;
}

uint64_t bco_spool_size(const struct bco_spool *spool) {
    return spool->written + spool->held;
}

enum bco_code bco_spool_kept(struct bco_spool *spool, struct bco_kept *kept, struct bco_error *err) {
    enum bco_code code = flush(spool, err);
    *kept = (struct bco_kept){spool->fd, spool->folder, "a temporary file", spool->written};
    return code;
}

enum bco_code bco_spool_read(struct bco_spool *spool, uint64_t offset, void *bytes, size_t length,
                             struct bco_error *err) {
    struct bco_kept kept = {spool->fd, spool->folder, "a temporary file", spool->written};
    enum bco_code code = offset + length > spool->written ? bco_spool_kept(spool, &kept, err) : BCO_OK;
    return code ? code : bco_kept_read(&kept, offset, bytes, length, err);
}

void bco_spool_close(struct bco_spool *spool) {
    if (!spool) return;
    if (spool->fd >= 0) close(spool->fd);
    free(spool->folder);
    free(spool);
}

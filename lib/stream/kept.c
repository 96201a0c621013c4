#include "stream/kept.h"

#include "base/fail.h"

#include <errno.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

static enum bco_code fail_read(const struct bco_kept *kept, struct bco_error *err) {
    char words[80];
    snprintf(words, sizeof words, "cannot read %s", kept->what);
    return bco_fail_errno(err, kept->path, words);
}

enum bco_code bco_kept_read(const struct bco_kept *kept, uint64_t offset, void *bytes, size_t length,
                            struct bco_error *err) {
    char *to = bytes;
    while (length) {
        ssize_t n = pread(kept->fd, to, length, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_read(kept, err);
        if (n == 0) return bco_fail_at(err, BCO_ESYSTEM, kept->path, 0, NULL, "%s is cut short", kept->what);
        to += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return BCO_OK;
}

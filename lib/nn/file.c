#define _GNU_SOURCE /* madvise: the one of POSIX does nothing in glibc */
#include "nn/file.h"
#include "base/fail.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

char *bco_path_join(const char *dir, const char *name) {
    size_t a = strlen(dir), b = strlen(name);
    char *path = bco_malloc(a + b + 2, 1);
    if (path) snprintf(path, a + b + 2, "%s/%s", dir, name);
    return path;
}

static enum bco_code map_open(struct bco_mapping *mapping, int fd, const char *path, struct bco_error *err) {
    struct stat status;
    if (fstat(fd, &status) != 0) return bco_fail_errno(err, path, "cannot read");
    if (!S_ISREG(status.st_mode)) return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "not a regular file");
    if (status.st_size == 0) return BCO_OK;
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) return bco_fail_errno(err, path, "cannot map");
    mapping->bytes = bytes;
    mapping->size = (size_t)status.st_size;
    return BCO_OK;
}

enum bco_code bco_map(struct bco_mapping *mapping, const char *path, struct bco_error *err) {
    *mapping = (struct bco_mapping){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "no such file");
    if (fd < 0) return bco_fail_errno(err, path, "cannot open");
    enum bco_code code = map_open(mapping, fd, path, err);
    close(fd);
    return code;
}

void bco_unmap(struct bco_mapping *mapping) {
    if (mapping->bytes) munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    *mapping = (struct bco_mapping){0};
}

void bco_map_let_go(const void *at, size_t bytes) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at, to = from + bytes;
    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

#define _GNU_SOURCE /* O_TMPFILE: a file that a kill -9 leaves no trace of */
#include "stream/temp.h"

#include "base/fail.h"
#include "base/mem.h"

#include <bco/record.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one global state of the library: a signal handler has nothing else to
 * look at. Names are never freed, so that it may read them at any moment. */
enum { SLOTS = 64, SLOT_FREE = 0, SLOT_TAKEN = 1, SLOT_LIVE = 2 };
static char names[SLOTS][PATH_MAX];
static atomic_int states[SLOTS];
static atomic_uint serial;

void bco_remove_temporary_files(void) {
    int kept = errno;
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load(&states[i]) == SLOT_LIVE) unlink(names[i]);
    errno = kept;
}

static int slot_take(const char *name) {
    if (strlen(name) >= PATH_MAX) return -1;
    for (int i = 0; i < SLOTS; i++) {
        int state = SLOT_FREE;
        if (!atomic_compare_exchange_strong(&states[i], &state, SLOT_TAKEN)) continue;
        memcpy(names[i], name, strlen(name) + 1);
        atomic_store(&states[i], SLOT_LIVE);
        return i;
    }
    return -1;
}

static void slot_give(int slot) {
    if (slot >= 0) atomic_store(&states[slot], SLOT_FREE);
}

/* A link is followed: the file it points at is replaced, not the link. */
static char *resolved(const char *path) {
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        char *real = realpath(path, NULL);
        if (real) return real;
    }
    return bco_strndup(path, strlen(path));
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return bco_strndup(".", 1);
    return bco_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Sets temp->name to a name beside the target that nothing has yet, and registers it. */
static bool new_name(struct bco_temp *temp) {
    size_t size = strlen(temp->folder) + 64;
    free(temp->name);
    temp->name = malloc(size);
    if (!temp->name) return false;
    snprintf(temp->name, size, "%s/.bco-%ld-%u.tmp", temp->folder, (long)getpid(), atomic_fetch_add(&serial, 1));
    temp->slot = slot_take(temp->name);
    return true;
}

static void drop_name(struct bco_temp *temp) {
    slot_give(temp->slot);
    temp->slot = -1;
    free(temp->name);
    temp->name = NULL;
}

static bool no_anonymous_files(int error) {
    return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

static int open_nameless(struct bco_temp *temp) {
    if (access("/proc/self/fd", X_OK) == 0) return open(temp->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    errno = EOPNOTSUPP;
    return -1;
}

static int open_named(struct bco_temp *temp) {
    for (;;) {
        if (!new_name(temp)) return -1;
        int fd = open(temp->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) return fd;
        int error = errno;
        drop_name(temp);
        errno = error;
        if (error != EEXIST) return -1;
    }
}

static enum bco_code open_beside(struct bco_temp *temp, const char *target, bool nameless, struct bco_error *err) {
    struct stat st;
    *temp = (struct bco_temp){.fd = -1, .slot = -1};
    temp->target = resolved(target);
    if (!temp->target) return bco_fail_memory(err);
    temp->folder = folder_of(temp->target);
    if (!temp->folder) return bco_fail_memory(err);
    bool there = stat(temp->target, &st) == 0;
    if (there && access(temp->target, W_OK) != 0) return bco_fail_errno(err, target, "cannot write");
    if (nameless) temp->fd = open_nameless(temp);
    if (!nameless || (temp->fd < 0 && no_anonymous_files(errno))) temp->fd = open_named(temp);
    if (temp->fd < 0) return bco_fail_errno(err, target, "cannot create");
    if (there && fchmod(temp->fd, st.st_mode & 0777) != 0) return bco_fail_errno(err, target, "cannot set the mode");
    return BCO_OK;
}

enum bco_code bco_temp_open(struct bco_temp *temp, const char *target, struct bco_error *err) {
    return open_beside(temp, target, true, err);
}

enum bco_code bco_temp_open_named(struct bco_temp *temp, const char *target, struct bco_error *err) {
    return open_beside(temp, target, false, err);
}

/* A target that is not there yet gets its name at once; one that is there is replaced by a rename. */
static bool give_name(struct bco_temp *temp) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", temp->fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, temp->target, AT_SYMLINK_FOLLOW) == 0) return true;
    if (errno != EEXIST) return false;
    for (;;) {
        if (!new_name(temp)) return false;
        if (linkat(AT_FDCWD, self, AT_FDCWD, temp->name, AT_SYMLINK_FOLLOW) == 0) return true;
        int error = errno;
        drop_name(temp);
        errno = error;
        if (error != EEXIST) return false;
    }
}

bool bco_sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES;
    bool fine = fsync(fd) == 0 || errno == EINVAL;
    int error = errno;
    close(fd);
    errno = error;
    return fine;
}

enum bco_code bco_temp_commit(struct bco_temp *temp, struct bco_error *err) {
    if (fsync(temp->fd) != 0) return bco_fail_errno(err, temp->target, "cannot write");
    if (!temp->name && !give_name(temp)) return bco_fail_errno(err, temp->target, "cannot create");
    if (temp->name) {
        if (rename(temp->name, temp->target) != 0) return bco_fail_errno(err, temp->target, "cannot replace");
        drop_name(temp);
    }
    if (!bco_sync_folder(temp->folder)) return bco_fail_errno(err, temp->target, "cannot write its folder");
    return BCO_OK;
}

void bco_temp_discard(struct bco_temp *temp) {
    if (temp->name) {
        unlink(temp->name);
        drop_name(temp);
    }
    if (temp->fd >= 0) close(temp->fd);
    free(temp->target);
    free(temp->folder);
    *temp = (struct bco_temp){.fd = -1, .slot = -1};
}

int bco_temp_anonymous(const char *folder) {
    struct bco_temp temp = {.fd = -1, .slot = -1};
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || !no_anonymous_files(errno)) return fd;
    temp.folder = bco_strndup(folder, strlen(folder));
    do {
        if (!temp.folder || !new_name(&temp)) break;
        fd = open(temp.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int error = errno;
        if (fd >= 0) unlink(temp.name);
        drop_name(&temp);
        errno = error;
    } while (fd < 0 && errno == EEXIST);
    free(temp.folder);
    return fd;
}

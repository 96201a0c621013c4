#include "align/checkpoint.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "stream/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'B', 'C', 'O', 'C', 'K', 'P', 'T', '1'};
enum { HEAD = 16, TAIL = 16, NAME_SIZE = 32, MOST_STATE = 1 << 24, PIECE = 1 << 20 };

static void put_u64(unsigned char *to, uint64_t x) {
    for (int i = 0; i < 8; i++) to[i] = (unsigned char)(x >> (8 * i));
}

static uint64_t get_u64(const unsigned char *from) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) x |= (uint64_t)from[i] << (8 * i);
    return x;
}

static void path_of(struct bco_buf *path, const char *folder, uint64_t step) {
    bco_buf_clear(path);
    bco_buf_printf(path, "%s/step-%010" PRIu64 ".bco", folder, step);
}

/* ---- saving ------------------------------------------------------------------------ */

static enum bco_code put(struct bco_output *output, struct bco_hasher *hasher, const void *bytes, size_t length,
                         struct bco_error *err) {
    bco_hasher_add(hasher, bytes, length);
    return bco_output_write(output, bytes, length, err);
}

static enum bco_code put_all(struct bco_output *output, struct bco_hasher *hasher, const struct bco_checkpoint *c,
                             struct bco_error *err) {
    unsigned char head[HEAD], tail[TAIL];
    memcpy(head, magic, sizeof magic);
    put_u64(head + sizeof magic, c->state_length);
    enum bco_code code = put(output, hasher, head, sizeof head, err);
    if (code == BCO_OK) code = put(output, hasher, c->state, c->state_length, err);
    for (size_t i = 0; i < c->part_count && code == BCO_OK; i++)
        code = put(output, hasher, c->parts[i].data, c->parts[i].bytes, err);
    struct bco_hash hash = bco_hasher_value(hasher);
    put_u64(tail, hash.low);
    put_u64(tail + 8, hash.high);
    return code == BCO_OK ? bco_output_write(output, tail, sizeof tail, err) : code;
}

static enum bco_code save(const char *path, const struct bco_checkpoint *c, struct bco_error *err) {
    struct bco_output *output = NULL;
    struct bco_hasher *hasher = bco_hasher_new();
    enum bco_code code = hasher ? bco_output_open(&output, path, err) : bco_fail_memory(err);
    if (code == BCO_OK) code = put_all(output, hasher, c, err);
    if (code == BCO_OK)
        code = bco_output_close(output, err);
    else
        bco_output_discard(output);
    bco_hasher_free(hasher);
    return code;
}

/* ---- the files there are -------------------------------------------------------------- */

static bool step_of(const char *name, uint64_t *step) {
    char again[NAME_SIZE];
    if (sscanf(name, "step-%10" SCNu64 ".bco", step) != 1 || *step == 0) return false;
    snprintf(again, sizeof again, "step-%010" PRIu64 ".bco", *step);
    return strcmp(again, name) == 0;
}

static int newest_first(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x > y ? -1 : x < y;
}

/* The steps of all files, newest first; a folder that is not there has none. */
static enum bco_code list(const char *folder, uint64_t **steps, size_t *count, struct bco_error *err) {
    struct dirent *entry;
    size_t capacity = 0;
    uint64_t step;
    DIR *d = opendir(folder);
    *steps = NULL;
    *count = 0;
    if (!d) return errno == ENOENT ? BCO_OK : bco_fail_errno(err, folder, "cannot open");
    while ((entry = readdir(d)))
        if (step_of(entry->d_name, &step)) {
            if (!bco_grow((void **)steps, &capacity, *count + 1, sizeof **steps)) break;
            (*steps)[(*count)++] = step;
        }
    closedir(d);
    if (entry) return bco_fail_memory(err);
    if (*count) qsort(*steps, *count, sizeof **steps, newest_first);
    return BCO_OK;
}

/* Files of later steps than this one are of a run that was not resumed: they go too. */
static void remove_old(const char *folder, uint64_t step, size_t keep) {
    struct bco_buf path = {0};
    uint64_t *steps;
    size_t count, kept = 0;
    list(folder, &steps, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (steps[i] <= step && kept++ < keep) continue;
        path_of(&path, folder, steps[i]);
        if (!path.failed) unlink(path.data);
    }
    free(steps);
    bco_buf_free(&path);
}

enum bco_code bco_checkpoint_save(const char *folder, uint64_t step, const struct bco_checkpoint *checkpoint,
                                  size_t keep, struct bco_error *err) {
    struct bco_buf path = {0};
    path_of(&path, folder, step);
    if (path.failed) return bco_fail_memory(err);
    enum bco_code code = BCO_OK;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) code = bco_fail_errno(err, folder, "cannot make the folder");
    if (code == BCO_OK) code = save(path.data, checkpoint, err);
    if (code == BCO_OK) remove_old(folder, step, keep);
    bco_buf_free(&path);
    return code;
}

uint64_t bco_checkpoint_newest(const char *folder) {
    uint64_t *steps, step;
    size_t count;
    list(folder, &steps, &count, NULL);
    step = count ? steps[0] : 0;
    free(steps);
    return step;
}

/* ---- loading ---------------------------------------------------------------------------- */

struct file {
    const char *path;
    int fd;
    uint64_t left; /* bytes before the checksum */
    struct bco_hasher *hasher;
};

static enum bco_code damaged(const struct file *f, const char *why, struct bco_error *err) {
    return bco_fail_at(err, BCO_EDATA, f->path, 0, NULL, "damaged checkpoint: %s", why);
}

static enum bco_code get_bytes(const struct file *f, void *to, size_t length, struct bco_error *err) {
    char *at = to;
    while (length > 0) {
        ssize_t n = read(f->fd, at, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bco_fail_errno(err, f->path, "cannot read");
        if (n == 0) return damaged(f, "it ends too early", err);
        at += n;
        length -= (size_t)n;
    }
    return BCO_OK;
}

static enum bco_code get(struct file *f, void *to, size_t length, struct bco_error *err) {
    if (length > f->left) return damaged(f, "it ends too early", err);
    enum bco_code code = get_bytes(f, to, length, err);
    f->left -= length;
    if (code == BCO_OK && f->hasher) bco_hasher_add(f->hasher, to, length);
    return code;
}

static enum bco_code open_file(struct file *f, const char *path, struct bco_error *err) {
    struct stat st;
    f->path = path;
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0) return bco_fail_errno(err, path, "cannot open");
    if (fstat(f->fd, &st) != 0) return bco_fail_errno(err, path, "cannot read");
    if (!S_ISREG(st.st_mode) || st.st_size < HEAD + TAIL) return damaged(f, "it ends too early", err);
    f->left = (uint64_t)st.st_size - TAIL;
    return BCO_OK;
}

static enum bco_code get_state(struct file *f, char **state, struct bco_error *err) {
    unsigned char head[HEAD] = {0};
    enum bco_code code = get(f, head, sizeof head, err);
    if (code != BCO_OK) return code;
    uint64_t length = get_u64(head + sizeof magic);
    if (memcmp(head, magic, sizeof magic) != 0) return damaged(f, "it does not begin as one", err);
    if (length > MOST_STATE || length > f->left) return damaged(f, "its state is too long", err);
    *state = bco_calloc((size_t)length + 1, 1);
    return *state ? get(f, *state, (size_t)length, err) : bco_fail_memory(err);
}

static enum bco_code check_rest(struct file *f, struct bco_error *err) {
    unsigned char tail[TAIL] = {0}, *piece = malloc(PIECE);
    enum bco_code code = piece ? BCO_OK : bco_fail_memory(err);
    while (code == BCO_OK && f->left > 0) code = get(f, piece, f->left < PIECE ? (size_t)f->left : PIECE, err);
    free(piece);
    if (code == BCO_OK) code = get_bytes(f, tail, sizeof tail, err);
    if (code != BCO_OK) return code;
    struct bco_hash hash = bco_hasher_value(f->hasher);
    if (get_u64(tail) == hash.low && get_u64(tail + 8) == hash.high) return BCO_OK;
    return damaged(f, "its checksum is wrong", err);
}

/* The whole file is read to its checksum before any of it is believed. */
static enum bco_code verify(const char *path, char **state, struct bco_error *err) {
    struct file f = {.fd = -1, .hasher = bco_hasher_new()};
    *state = NULL;
    enum bco_code code = f.hasher ? open_file(&f, path, err) : bco_fail_memory(err);
    if (code == BCO_OK) code = get_state(&f, state, err);
    if (code == BCO_OK) code = check_rest(&f, err);
    if (f.fd >= 0) close(f.fd);
    bco_hasher_free(f.hasher);
    if (code == BCO_OK) return BCO_OK;
    free(*state);
    *state = NULL;
    return code;
}

static void say(const struct bco_watch *watch, const struct bco_error *err) {
    struct bco_buf text = {0};
    bco_buf_printf(&text, "%s: %s; trying the one before", err->file, err->message);
    if (!text.failed && watch && watch->warn) watch->warn(watch->user, text.data);
    bco_buf_free(&text);
}

enum bco_code bco_checkpoint_find(const char *folder, uint64_t *step, char **state, const struct bco_watch *watch,
                                  struct bco_error *err) {
    struct bco_buf path = {0};
    struct bco_error own;
    uint64_t *steps;
    size_t count;
    if (!err) err = &own;
    *step = 0;
    *state = NULL;
    enum bco_code code = list(folder, &steps, &count, err);
    for (size_t i = 0; i < count && *step == 0; i++) {
        path_of(&path, folder, steps[i]);
        code = path.failed ? bco_fail_memory(err) : verify(path.data, state, err);
        if (code == BCO_OK) *step = steps[i];
        if (code == BCO_EDATA && i + 1 < count) say(watch, err);
        if (code != BCO_OK && code != BCO_EDATA) break;
    }
    free(steps);
    bco_buf_free(&path);
    return code;
}

enum bco_code bco_checkpoint_read(const char *folder, uint64_t step, const struct bco_part *parts, size_t count,
                                  struct bco_error *err) {
    struct file f = {.fd = -1};
    struct bco_buf path = {0};
    char *state = NULL;
    path_of(&path, folder, step);
    enum bco_code code = path.failed ? bco_fail_memory(err) : open_file(&f, path.data, err);
    if (code == BCO_OK) code = get_state(&f, &state, err);
    for (size_t i = 0; i < count && code == BCO_OK; i++) code = get(&f, parts[i].data, parts[i].bytes, err);
    if (code == BCO_OK && f.left > 0) code = damaged(&f, "it holds more than this model has", err);
    if (f.fd >= 0) close(f.fd);
    free(state);
    bco_buf_free(&path);
    return code;
}

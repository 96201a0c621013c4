/* A model and its adapter to a model: a folder that appears whole or not at all. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/fail.h"
#include "base/mem.h"
#include "nn/file.h"
#include "nn/model.h"
#include "nn/save.h"
#include "stream/temp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder and the one beside it that becomes it. */
struct place {
    char *target, *parent, *temporary;
};

static bool is_entry(const char *name) {
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static enum bco_code check_empty(const char *folder, struct bco_error *err) {
    const struct dirent *entry;
    DIR *d = opendir(folder);
    if (!d && errno == ENOENT) return BCO_OK;
    if (!d && errno == ENOTDIR) return bco_fail_at(err, BCO_EDATA, folder, 0, NULL, "is there already, and no folder");
    if (!d) return bco_fail_errno(err, folder, "cannot open the folder");
    do entry = readdir(d);
    while (entry && !is_entry(entry->d_name));
    closedir(d);
    return entry ? bco_fail_at(err, BCO_EDATA, folder, 0, NULL, "is there already and not empty") : BCO_OK;
}

/* Without slashes at its end; links are followed where something is there. */
static enum bco_code find_place(struct place *place, const char *out, struct bco_error *err) {
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/') length--;
    place->target = realpath(out, NULL);
    if (!place->target) place->target = bco_strndup(out, length);
    if (!place->target) return bco_fail_memory(err);
    const char *slash = strrchr(place->target, '/');
    size_t parent = !slash ? 1 : slash == place->target ? 1 : (size_t)(slash - place->target);
    place->parent = bco_strndup(slash ? place->target : ".", parent);
    return place->parent ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code make_temporary(struct place *place, const char *out, struct bco_error *err) {
    for (int i = 0;; i++) {
        char name[64];
        snprintf(name, sizeof name, ".bco-%ld-%d.tmp", (long)getpid(), i);
        char *path = bco_path_join(place->parent, name);
        if (!path) return bco_fail_memory(err);
        if (mkdir(path, 0777) == 0) {
            place->temporary = path;
            return BCO_OK;
        }
        int error = errno;
        free(path);
        errno = error;
        if (error != EEXIST) return bco_fail_errno(err, out, "cannot make the folder");
    }
}

static enum bco_code commit(struct place *place, const char *out, struct bco_error *err) {
    if (rename(place->temporary, place->target) != 0) return bco_fail_errno(err, out, "cannot make the folder");
    free(place->temporary);
    place->temporary = NULL;
    if (!bco_sync_folder(place->parent)) return bco_fail_errno(err, out, "cannot write its folder");
    return BCO_OK;
}

static void remove_files(const char *folder) {
    const struct dirent *entry;
    DIR *d = opendir(folder);
    if (!d) return;
    while ((entry = readdir(d)) != NULL) {
        char *path = is_entry(entry->d_name) ? bco_path_join(folder, entry->d_name) : NULL;
        if (path) unlink(path);
        free(path);
    }
    closedir(d);
}

/* What has not become the target goes. */
static void place_free(struct place *place) {
    if (place->temporary) {
        remove_files(place->temporary);
        rmdir(place->temporary);
    }
    free(place->temporary);
    free(place->target);
    free(place->parent);
}

enum bco_code bco_merge(const struct bco_merge *merge, struct bco_merge_counts *counts, const struct bco_watch *watch,
                        struct bco_error *err) {
    const struct bco_model_options options = {.threads = merge->threads, .adapter = merge->adapter};
    struct place place = {0};
    struct bco_model *model = NULL;
    enum bco_code code = check_empty(merge->out, err);
    if (!code) code = find_place(&place, merge->out, err);
    if (!code) code = make_temporary(&place, merge->out, err);
    if (!code) code = bco_model_open(&model, merge->model, &options, err);
    if (!code) code = bco_model_save_limited(model, place.temporary, merge->dtype, BCO_SHARD_BYTES, watch, err);
    if (!code) code = commit(&place, merge->out, err);
    if (!code && counts)
        *counts = (struct bco_merge_counts){.parameters = model->base.elements,
                                            .dtype = merge->dtype ? merge->dtype : model->dtype};
    bco_model_close(model);
    place_free(&place);
    return code;
}

/* Outputs replace what is there once they are whole: of two that mean one file, the first would be lost. */
#define _GNU_SOURCE /* realpath */
#include "common/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Where a file that is not there yet would be: its folder, and its name in it. */
static bool place_of(const char *path, char folder[PATH_MAX], const char **name) {
    char start[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof start) return false;
    memcpy(start, path, length);
    start[length] = '\0';
    *name = path + length;
    return realpath(length ? start : ".", folder) != NULL;
}

bool cli_same_file(const char *a, const char *b) {
    struct stat of_a, of_b;
    char folder_a[PATH_MAX], folder_b[PATH_MAX];
    const char *name_a, *name_b;
    bool there_a = stat(a, &of_a) == 0, there_b = stat(b, &of_b) == 0;
    if (there_a && there_b) return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
    if (there_a != there_b || !place_of(a, folder_a, &name_a) || !place_of(b, folder_b, &name_b)) return false;
    return strcmp(name_a, name_b) == 0 && strcmp(folder_a, folder_b) == 0;
}

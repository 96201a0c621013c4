/* Files without a name until they are whole. */
#ifndef BCO_STREAM_TEMP_H
#define BCO_STREAM_TEMP_H

#include <bco/error.h>
#include <stdbool.h>

/* A file being made in the folder of `target`, to be put in its place. */
struct bco_temp {
    char *target; /* symbolic links resolved */
    char *folder;
    char *name; /* the temporary name; NULL where the file has none (O_TMPFILE) */
    int slot;   /* in the table of names to remove on a signal; -1: none */
    int fd;
};

/* Zero-initialise `temp`. After any error bco_temp_discard must still be called. */
enum bco_code bco_temp_open(struct bco_temp *temp, const char *target, struct bco_error *err);

/* The same, always with a name: what is done where the file system knows no files without one. */
enum bco_code bco_temp_open_named(struct bco_temp *temp, const char *target, struct bco_error *err);

/* fsync, then the target's name, then fsync of the folder. The descriptor stays open. */
enum bco_code bco_temp_commit(struct bco_temp *temp, struct bco_error *err);

/* Closes, removes what has not become the target, frees. */
void bco_temp_discard(struct bco_temp *temp);

/* fsync of a folder: names in it last. false: errno says why. */
bool bco_sync_folder(const char *folder);

/* An anonymous file for reading and writing in `folder`: gone when it is closed. -1: errno says why. */
int bco_temp_anonymous(const char *folder);

#endif

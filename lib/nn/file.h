/* Whole files of a model folder, for reading. */
#ifndef BCO_NN_FILE_H
#define BCO_NN_FILE_H

#include <bco/error.h>
#include <stddef.h>

struct bco_mapping {
    const void *bytes; /* NULL where size is 0 */
    size_t size;
};

/* "dir/name"; free it. NULL: out of memory. */
char *bco_path_join(const char *dir, const char *name);

/* Maps a regular file. A file that is not there is BCO_EDATA (a broken folder);
 * one that cannot be read is BCO_ESYSTEM. */
enum bco_code bco_map(struct bco_mapping *mapping, const char *path, struct bco_error *err);
void bco_unmap(struct bco_mapping *mapping);
/* Pages that lie within these bytes of a mapping need not stay in memory: they are read again when they are wanted. */
void bco_map_let_go(const void *at, size_t bytes);

#endif

/* Is every page that a store reaches what LMDB believes it is? */
#ifndef BCO_ALIGN_STORE_CHECK_H
#define BCO_ALIGN_STORE_CHECK_H

#include <lmdb.h>
#include <stdbool.h>

/* What must hold before LMDB may map the file `fd`: its page size divides. A file too short for that is left to LMDB.
 */
bool bco_store_check_head(int fd);

/* The pages of the snapshot that `txn` reads. NULL: sound; otherwise what is wrong, in static words. */
const char *bco_store_check_pages(MDB_env *env, MDB_txn *txn);

#endif

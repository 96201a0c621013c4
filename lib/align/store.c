#include "align/store_check.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"

#include <bco/refcache.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bco_store {
    MDB_env *env;
    MDB_dbi dbi;
    char *dir;
};

/* What a key leads to. `check` is of the key and the other two: LMDB itself notices no flipped bit. */
struct value {
    double logp;
    uint64_t tokens;
    uint64_t check;
};

static const char format_key[] = "format", format_value[] = "bco store 1";

static uint64_t check_of(const struct bco_store_key *key, double logp, uint64_t tokens) {
    uint64_t words[4] = {key->low, key->high, 0, tokens};
    memcpy(&words[2], &logp, sizeof logp);
    return bco_hash_bytes(words, sizeof words, 1).low;
}

struct bco_store_key bco_store_key_of(uint32_t model, const int32_t *ids, size_t length, size_t prompt_len) {
    const uint64_t head[] = {model, 1, prompt_len, length};
    struct bco_hash h = bco_hash_bytes(head, sizeof head, 0);
    h = bco_hash_bytes(ids, length * sizeof *ids, h.low ^ h.high);
    return (struct bco_store_key){h.low, h.high ^ model};
}

static enum bco_code damaged(const struct bco_store *store, const char *why, struct bco_error *err) {
    return bco_fail_at(err, BCO_EDATA, store->dir, 0, NULL,
                       "damaged store: %s; move it away, and what it held is computed again", why);
}

/* LMDB's own errors are about the file, errno's about the system. */
static enum bco_code fail_lmdb(const struct bco_store *store, int rc, const char *what, struct bco_error *err) {
    switch (rc) {
    case MDB_INVALID: return bco_fail_at(err, BCO_EDATA, store->dir, 0, NULL, "no store: data.mdb is not of LMDB");
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_VALSIZE:
    case MDB_INCOMPATIBLE:
    case MDB_PANIC: return damaged(store, mdb_strerror(rc), err);
    default: return bco_fail_at(err, BCO_ESYSTEM, store->dir, 0, NULL, "%s: %s", what, mdb_strerror(rc));
    }
}

/* Another process may have made the map larger since. */
static int begin(struct bco_store *store, unsigned flags, MDB_txn **txn) {
    int rc;
    while ((rc = mdb_txn_begin(store->env, NULL, flags, txn)) == MDB_MAP_RESIZED)
        if ((rc = mdb_env_set_mapsize(store->env, 0)) != 0) return rc;
    return rc;
}

/* ---- opening --------------------------------------------------------------- */

/* Only LMDB's two files may be there. */
static enum bco_code check_folder(const struct bco_store *store, struct bco_error *err) {
    struct dirent *entry;
    const char *other = NULL;
    DIR *folder = opendir(store->dir);
    if (!folder) return bco_fail_errno(err, store->dir, "cannot open the store");
    while (!other && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, "data.mdb") != 0 && strcmp(entry->d_name, "lock.mdb") != 0)
            other = entry->d_name;
    enum bco_code code =
        other ? bco_fail_at(err, BCO_EDATA, store->dir, 0, NULL, "no store: it holds '%s'", other) : BCO_OK;
    closedir(folder);
    return code;
}

/* A page behind the end of the file would be a bus error when it is touched. */
static enum bco_code check_size(const struct bco_store *store, struct bco_error *err) {
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    mdb_filehandle_t fd;
    char why[128];
    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stat);
    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &file) != 0)
        return bco_fail_errno(err, store->dir, "cannot read the store");
    double need = ((double)info.me_last_pgno + 1) * stat.ms_psize;
    if ((double)file.st_size >= need) return BCO_OK;
    snprintf(why, sizeof why, "data.mdb has %lld bytes, not %.0f", (long long)file.st_size, need);
    return damaged(store, why, err);
}

/* The mark of a store is written by the first to open it, and looked for by the others. */
static enum bco_code check_format(struct bco_store *store, struct bco_error *err) {
    MDB_val key = {sizeof format_key, (void *)format_key}, mark = {sizeof format_value, (void *)format_value}, found;
    MDB_txn *txn = NULL;
    MDB_stat stat;
    int rc = begin(store, 0, &txn);
    if (rc == 0) rc = mdb_dbi_open(txn, NULL, 0, &store->dbi);
    if (rc == 0) rc = mdb_stat(txn, store->dbi, &stat);
    if (rc == 0 && stat.ms_entries == 0) rc = mdb_put(txn, store->dbi, &key, &mark, 0);
    if (rc == 0) rc = mdb_get(txn, store->dbi, &key, &found);
    bool ours = rc == 0 && found.mv_size == mark.mv_size && memcmp(found.mv_data, format_value, mark.mv_size) == 0;
    if (rc == 0 && ours)
        rc = mdb_txn_commit(txn);
    else if (txn)
        mdb_txn_abort(txn);
    if (rc == MDB_NOTFOUND || (rc == 0 && !ours))
        return bco_fail_at(err, BCO_EDATA, store->dir, 0, NULL, "no store: its LMDB data are of something else");
    return rc ? fail_lmdb(store, rc, "cannot open the store", err) : BCO_OK;
}

/* Before LMDB divides by the page size it finds. */
static enum bco_code check_head(const struct bco_store *store, struct bco_error *err) {
    struct bco_buf path = {0};
    bco_buf_printf(&path, "%s/data.mdb", store->dir);
    int fd = path.failed ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
    enum bco_code code = BCO_OK;
    if (path.failed)
        code = bco_fail_memory(err);
    else if (fd < 0 && errno != ENOENT)
        code = bco_fail_errno(err, path.data, "cannot open");
    else if (fd >= 0 && !bco_store_check_head(fd))
        code = fail_lmdb(store, MDB_INVALID, "", err);
    if (fd >= 0) close(fd);
    bco_buf_free(&path);
    return code;
}

static enum bco_code check_pages(struct bco_store *store, struct bco_error *err) {
    MDB_txn *txn;
    int rc = begin(store, MDB_RDONLY, &txn);
    if (rc) return fail_lmdb(store, rc, "cannot read the store", err);
    const char *why = bco_store_check_pages(store->env, txn);
    mdb_txn_abort(txn);
    return why ? damaged(store, why, err) : BCO_OK;
}

static enum bco_code open_env(struct bco_store *store, struct bco_error *err) {
    int dead, rc = mdb_env_create(&store->env);
    if (rc == 0) rc = mdb_env_open(store->env, store->dir, 0, 0666);
    if (rc == 0) mdb_reader_check(store->env, &dead);
    return rc ? fail_lmdb(store, rc, "cannot open the store", err) : BCO_OK;
}

enum bco_code bco_store_open(struct bco_store **store, const char *dir, struct bco_error *err) {
    struct bco_store *s = *store = bco_calloc(1, sizeof *s);
    enum bco_code code = BCO_OK;
    if (s) s->dir = bco_strndup(dir, strlen(dir));
    if (!s || !s->dir)
        code = bco_fail_memory(err);
    else if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        code = bco_fail_errno(err, dir, "cannot make the store");
    if (code == BCO_OK) code = check_folder(s, err);
    if (code == BCO_OK) code = check_head(s, err);
    if (code == BCO_OK) code = open_env(s, err);
    if (code == BCO_OK) code = check_size(s, err);
    if (code == BCO_OK) code = check_pages(s, err);
    if (code == BCO_OK) code = check_format(s, err);
    if (code == BCO_OK) return BCO_OK;
    bco_store_close(s);
    *store = NULL;
    return code;
}

void bco_store_close(struct bco_store *store) {
    if (!store) return;
    if (store->env) mdb_env_close(store->env);
    free(store->dir);
    free(store);
}

/* ---- getting ---------------------------------------------------------------- */

static enum bco_code read_value(const struct bco_store *store, const struct bco_store_key *key, const MDB_val *data,
                                struct bco_reference *result, struct bco_error *err) {
    struct value v;
    if (data->mv_size != sizeof v) return damaged(store, "a value has another size", err);
    memcpy(&v, data->mv_data, sizeof v);
    if (v.check != check_of(key, v.logp, v.tokens) || !isfinite(v.logp) || v.tokens == 0)
        return damaged(store, "a value does not fit its checksum", err);
    *result = (struct bco_reference){v.logp, v.tokens};
    return BCO_OK;
}

enum bco_code bco_store_get(struct bco_store *store, size_t count, const struct bco_store_key *keys, bool *found,
                            struct bco_reference *results, struct bco_error *err) {
    MDB_txn *txn;
    enum bco_code code = BCO_OK;
    int rc = begin(store, MDB_RDONLY, &txn);
    if (rc) return fail_lmdb(store, rc, "cannot read the store", err);
    for (size_t i = 0; i < count && code == BCO_OK; i++) {
        struct bco_store_key copy = keys[i];
        MDB_val key = {sizeof copy, &copy}, data;
        rc = mdb_get(txn, store->dbi, &key, &data);
        found[i] = rc == 0;
        if (rc == 0)
            code = read_value(store, &keys[i], &data, &results[i], err);
        else if (rc != MDB_NOTFOUND)
            code = fail_lmdb(store, rc, "cannot read the store", err);
    }
    mdb_txn_abort(txn);
    return code;
}

/* ---- putting ----------------------------------------------------------------- */

static int put_all(struct bco_store *store, size_t count, const struct bco_store_key *keys,
                   const struct bco_reference *results) {
    MDB_txn *txn;
    int rc = begin(store, 0, &txn);
    if (rc) return rc;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct bco_store_key copy = keys[i];
        struct value v = {results[i].logp, results[i].tokens, check_of(&copy, results[i].logp, results[i].tokens)};
        MDB_val key = {sizeof copy, &copy}, data = {sizeof v, &v};
        rc = mdb_put(txn, store->dbi, &key, &data, 0);
    }
    if (rc == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int grow(struct bco_store *store) {
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return info.me_mapsize > SIZE_MAX / 2 ? ENOMEM : mdb_env_set_mapsize(store->env, info.me_mapsize * 2);
}

enum bco_code bco_store_put(struct bco_store *store, size_t count, const struct bco_store_key *keys,
                            const struct bco_reference *results, struct bco_error *err) {
    int rc;
    while ((rc = put_all(store, count, keys, results)) == MDB_MAP_FULL)
        if ((rc = grow(store)) != 0) break;
    return rc ? fail_lmdb(store, rc, "cannot write the store", err) : BCO_OK;
}

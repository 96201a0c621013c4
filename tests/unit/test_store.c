/* The reference store: what goes in comes out, also after it grew, among
 * several processes, and after damage: then an error, never a wrong value. */
#include "golden.h"

#include <bco/refcache.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64], data[96];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/bco-store-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(data, sizeof data, "%s/data.mdb", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char other[96];
    unlink(data);
    snprintf(other, sizeof other, "%s/lock.mdb", dir);
    unlink(other);
    snprintf(other, sizeof other, "%s/notes", dir);
    unlink(other);
    return rmdir(dir);
}

static struct bco_store_key key_of(int32_t n) {
    int32_t ids[] = {1, n, 2};
    return bco_store_key_of(77, ids, 3, 1);
}

static struct bco_reference value_of(int32_t n) {
    return (struct bco_reference){-1.5 * n - 0.1, (uint64_t)n + 1};
}

static struct bco_store *opened(void) {
    struct bco_store *store;
    struct bco_error err = {0};
    if (bco_store_open(&store, dir, &err) != BCO_OK) fail_msg("%s: %s", err.file, err.message);
    return store;
}

static void put_range(struct bco_store *store, int32_t from, int32_t to) {
    enum { BATCH = 50 };
    struct bco_store_key keys[BATCH];
    struct bco_reference values[BATCH];
    while (from < to) {
        size_t n = 0;
        for (; n < BATCH && from < to; n++, from++) keys[n] = key_of(from), values[n] = value_of(from);
        assert_int_equal(bco_store_put(store, n, keys, values, NULL), BCO_OK);
    }
}

static void check_range(struct bco_store *store, int32_t from, int32_t to) {
    for (int32_t n = from; n < to; n++) {
        struct bco_store_key key = key_of(n);
        struct bco_reference got, want = value_of(n);
        bool found;
        assert_int_equal(bco_store_get(store, 1, &key, &found, &got, NULL), BCO_OK);
        assert_true(found);
        assert_true(got.logp == want.logp && got.tokens == want.tokens);
    }
}

static void test_keys(void **state) {
    (void)state;
    int32_t ids[] = {1, 5, 2}, other[] = {1, 6, 2};
    struct bco_store_key k[] = {bco_store_key_of(7, ids, 3, 1), bco_store_key_of(8, ids, 3, 1),
                                bco_store_key_of(7, ids, 3, 2), bco_store_key_of(7, ids, 2, 1),
                                bco_store_key_of(7, other, 3, 1)};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++) assert_memory_not_equal(&k[i], &k[j], sizeof *k);
}

/* Many times the first size of LMDB's map. */
static void test_grows(void **state) {
    (void)state;
    enum { COUNT = 60000 };
    struct stat st;
    struct bco_store *store = opened();
    put_range(store, 0, COUNT);
    check_range(store, 0, COUNT);
    bco_store_close(store);
    assert_int_equal(stat(data, &st), 0);
    assert_true(st.st_size > 3 << 20);
    store = opened();
    check_range(store, 0, COUNT);
    struct bco_store_key key = key_of(COUNT);
    struct bco_reference got;
    bool found;
    assert_int_equal(bco_store_get(store, 1, &key, &found, &got, NULL), BCO_OK);
    assert_false(found);
    bco_store_close(store);
}

/* Four processes fill one store at once, each growing it under the others. */
static void test_processes(void **state) {
    (void)state;
    enum { CHILDREN = 4, EACH = 8000 };
    for (int c = 0; c < CHILDREN; c++)
        if (fork() == 0) {
            struct bco_store *store;
            if (bco_store_open(&store, dir, NULL) != BCO_OK) _exit(1);
            put_range(store, c * EACH, (c + 1) * EACH);
            check_range(store, c * EACH, (c + 1) * EACH);
            bco_store_close(store);
            _exit(0);
        }
    for (int c = 0; c < CHILDREN; c++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct bco_store *store = opened();
    check_range(store, 0, CHILDREN * EACH);
    bco_store_close(store);
}

static void assert_refused(enum bco_code code, const char *words) {
    struct bco_store *store;
    struct bco_error err = {0};
    assert_int_equal(bco_store_open(&store, dir, &err), code);
    assert_null(store);
    assert_string_equal(err.file, dir);
    if (!strstr(err.message, words)) fail_msg("'%s' does not say '%s'", err.message, words);
}

static void fill(void) {
    struct bco_store *store = opened();
    put_range(store, 0, 5000);
    bco_store_close(store);
}

static void test_truncated(void **state) {
    (void)state;
    struct stat st;
    fill();
    assert_int_equal(stat(data, &st), 0);
    assert_int_equal(truncate(data, st.st_size / 2), 0);
    assert_refused(BCO_EDATA, "damaged store: data.mdb has ");
    assert_int_equal(truncate(data, 100), 0);
    assert_refused(BCO_EDATA, "no store: data.mdb is not of LMDB");
}

static void overwrite(long offset, int byte, size_t count) {
    FILE *file = fopen(data, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    for (size_t i = 0; i < count; i++) assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

static void test_garbage(void **state) {
    (void)state;
    fill();
    overwrite(0, 'x', 8192);
    assert_refused(BCO_EDATA, "no store: data.mdb is not of LMDB");
}

/* Every page in turn is filled with rubbish: each time an error or right values, never a crash. */
static void test_damaged_pages(void **state) {
    (void)state;
    const int rubbish[] = {0, 0xff, 0x55, 1};
    fill();
    struct stat st;
    assert_int_equal(stat(data, &st), 0);
    char *whole = malloc((size_t)st.st_size);
    int fd = open(data, O_RDWR);
    assert_true(fd >= 0 && whole);
    assert_int_equal(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
    for (long page = 0; page < st.st_size / 4096; page++) {
        struct bco_store *store;
        overwrite(page * 4096 + (page % 3) * 8, rubbish[page % 4], 600);
        if (bco_store_open(&store, dir, NULL) == BCO_OK) {
            for (int32_t n = 0; n < 5000; n += 7) {
                struct bco_store_key key = key_of(n);
                struct bco_reference got, want = value_of(n);
                bool found;
                enum bco_code code = bco_store_get(store, 1, &key, &found, &got, NULL);
                if (code == BCO_OK && found) assert_true(got.logp == want.logp && got.tokens == want.tokens);
            }
            put_range(store, 5000, 5200);
            bco_store_close(store);
        }
        assert_int_equal(pwrite(fd, whole, (size_t)st.st_size, 0), st.st_size);
    }
    close(fd);
    free(whole);
}

/* A flipped bit in a value: found by its own checksum. */
static void test_flipped_value(void **state) {
    (void)state;
    struct bco_store *store = opened();
    put_range(store, 0, 1);
    bco_store_close(store);
    double logp = value_of(0).logp;
    FILE *file = fopen(data, "r+b");
    static char bytes[1 << 16];
    size_t length = fread(bytes, 1, sizeof bytes, file), hits = 0;
    fclose(file);
    for (size_t i = 0; i + sizeof logp <= length; i++)
        if (memcmp(bytes + i, &logp, sizeof logp) == 0) {
            overwrite((long)i, (unsigned char)bytes[i] ^ 1, 1);
            hits++;
        }
    assert_true(hits > 0);
    store = opened();
    struct bco_store_key key = key_of(0);
    struct bco_reference got;
    struct bco_error err = {0};
    bool found;
    assert_int_equal(bco_store_get(store, 1, &key, &found, &got, &err), BCO_EDATA);
    assert_non_null(strstr(err.message, "a value does not fit its checksum"));
    bco_store_close(store);
}

static void test_other_folder(void **state) {
    (void)state;
    char notes[96];
    snprintf(notes, sizeof notes, "%s/notes", dir);
    FILE *file = fopen(notes, "w");
    fclose(file);
    assert_refused(BCO_EDATA, "no store: it holds 'notes'");
}

static void test_other_lmdb(void **state) {
    (void)state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char key_text[] = "abc", value_text[] = "def";
    MDB_val key = {3, key_text}, value = {3, value_text};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, dir, 0, 0666), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(BCO_EDATA, "no store: its LMDB data are of something else");
}

static void test_reference_id(void **state) {
    (void)state;
    const char text[] = "1a2b3c4d-5e6f7a8b-00000000-256.128.truncate.bos.eos.f32";
    struct bco_reference_id id, other;
    char again[BCO_REFERENCE_ID_SIZE], words[256];
    assert_true(bco_reference_id_parse(&id, text, strlen(text)));
    bco_reference_id_format(&id, again);
    assert_string_equal(again, text);
    other = id;
    assert_false(bco_reference_id_differs(&id, &other, words, sizeof words));
    other.weights = 1, other.limits.max_prompt = 7, other.limits.eos = false;
    assert_true(bco_reference_id_differs(&id, &other, words, sizeof words));
    assert_string_equal(words,
                        "weights 1a2b3c4d, expected 00000001, max-prompt 128, expected 7, EOS eos, expected noeos");
    other = id;
    other.precision = BCO_PRECISION_BF16;
    assert_true(bco_reference_id_differs(&id, &other, words, sizeof words));
    assert_string_equal(words, "precision f32, expected bf16");
    bco_reference_id_format(&other, again);
    assert_string_equal(again, "1a2b3c4d-5e6f7a8b-00000000-256.128.truncate.bos.eos.bf16");
    assert_true(bco_reference_id_parse(&id, again, strlen(again)) && id.precision == BCO_PRECISION_BF16);
    const char *const bad[] = {"",
                               "x",
                               "1a2b3c4d-5e6f7a8b-00000000",
                               "1a2b3c4d-5e6f7a8b-00000000-256.128.cut.bos.eos.f32",
                               "1a2b3c4d-5e6f7a8b-00000000-256.128.truncate.bos.eos.f16",
                               "1A2b3c4d-5e6f7a8b-00000000-256.128.truncate.bos.eos.f32"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(bco_reference_id_parse(&id, bad[i], strlen(bad[i])));
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_reference_id), WITH_FOLDER(test_grows),
        WITH_FOLDER(test_processes),     WITH_FOLDER(test_truncated),         WITH_FOLDER(test_garbage),
        WITH_FOLDER(test_damaged_pages), WITH_FOLDER(test_flipped_value),     WITH_FOLDER(test_other_folder),
        WITH_FOLDER(test_other_lmdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

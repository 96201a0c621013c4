/* stream: UTF-8, compressed inputs, outputs that appear whole, spools, pieces, JSON, CSV. */
#include "base/buf.h"
#include "stream/csv.h"
#include "stream/input.h"
#include "stream/json.h"
#include "stream/output.h"
#include "stream/split.h"
#include "stream/spool.h"
#include "stream/temp.h"
#include "stream/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

/* ---- a folder of one's own --------------------------------------------------- */

static char folder[64];

static const char *in_folder(const char *name) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_file(const char *path, const void *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *expected) {
    char text[256];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
}

static int files_in_folder(void) {
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir)) count++;
    closedir(dir);
    return count - 2;
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bco-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    DIR *dir = opendir(folder);
    (void)state;
    for (struct dirent *entry; dir && (entry = readdir(dir));) remove(in_folder(entry->d_name));
    if (dir) closedir(dir);
    return rmdir(folder);
}

static void assert_error(const struct bco_error *err, const char *expected) {
    char text[2500];
    bco_error_format(err, text, sizeof text);
    assert_string_equal(text, expected);
}

/* In memory of exactly that size, so that a sanitizer sees a step too far. */
static char *exact_copy(const char *text, size_t length) {
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

/* ---- UTF-8 --------------------------------------------------------------------- */

static void utf8_good_and_broken(void **state) {
    static const struct {
        const char *text;
        size_t length, good;
    } cases[] = {
        {"", 0, 0},
        {"plain text that is longer than a word", 37, 37},
        {"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80", 9, 9},
        {"12345678\x80", 9, 8},
        {"\xC0\xAF", 2, 0},
        {"\xE0\x80\x80", 3, 0},
        {"a\xED\xA0\x80", 4, 1},
        {"\xF4\x8F\xBF\xBF\xF4\x90\x80\x80", 8, 4},
        {"\xF5\x80\x80\x80", 4, 0},
        {"ab\xE4\xB8", 4, 2},
        {"\0\0", 2, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(bco_utf8_good(cases[i].text, cases[i].length), cases[i].good);
}

/* The table of Unicode 15, 3.9, "U+FFFD for maximal subparts". */
static void utf8_clean_replaces_maximal_parts(void **state) {
    struct bco_buf buf = {0};
    (void)state;
    bco_utf8_clean(&buf, "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", 13);
    assert_string_equal(buf.data, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                                  "b\xEF\xBF\xBD"
                                  "c\xEF\xBF\xBD\xEF\xBF\xBD"
                                  "d");
    bco_buf_free(&buf);
}

static void utf8_cut_keeps_characters_whole(void **state) {
    (void)state;
    assert_int_equal(bco_utf8_cut("a\xC3\xA9z", 4, 2), 1);
    assert_int_equal(bco_utf8_cut("a\xC3\xA9z", 4, 3), 3);
    assert_int_equal(bco_utf8_cut("abc", 3, 5), 3);
}

/* ---- inputs ---------------------------------------------------------------------- */

static char *random_text(size_t length) {
    char *text = malloc(length);
    uint32_t x = 1;
    assert_non_null(text);
    for (size_t i = 0; i < length; i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (char)('a' + (x >> 28));
    }
    return text;
}

static size_t gzip_member(char *to, size_t size, const char *from, size_t length) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)from;
    z.avail_in = (uInt)length;
    z.next_out = (unsigned char *)to;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t packed = size - z.avail_out;
    deflateEnd(&z);
    return packed;
}

static size_t zstd_frame(char *to, size_t size, const char *from, size_t length) {
    size_t packed = ZSTD_compress(to, size, from, length, 3);
    assert_false(ZSTD_isError(packed));
    return packed;
}

/* Reads it all in parts of `step` bytes; the code of the last read. */
static enum bco_code read_all(const char *path, size_t step, struct bco_buf *to, struct bco_error *err) {
    struct bco_input *input;
    size_t got = 0;
    enum bco_code code = bco_input_open(&input, path, err);
    if (code) return code;
    do {
        char *room = bco_buf_reserve(to, step);
        code = bco_input_read(input, room, step, &got, err);
        to->length += got;
    } while (!code && got);
    bco_input_close(input);
    return code;
}

enum { TEXT = 300000 };

static void check_packed(const char *name, size_t (*pack)(char *, size_t, const char *, size_t)) {
    char *text = random_text(TEXT), *packed = malloc(2 * TEXT);
    struct bco_buf back = {0};
    size_t first = pack(packed, 2 * TEXT, text, 100000);
    size_t empty = pack(packed + first, 2 * TEXT - first, text, 0);
    size_t all = first + empty + pack(packed + first + empty, 2 * TEXT - first - empty, text + 100000, TEXT - 100000);
    static const size_t steps[] = {1 << 18, 4096, 77};
    put_file(in_folder(name), packed, all);
    for (int i = 0; i < 3; i++) {
        bco_buf_clear(&back);
        assert_int_equal(read_all(in_folder(name), steps[i], &back, NULL), BCO_OK);
        assert_int_equal(back.length, TEXT);
        assert_memory_equal(back.data, text, TEXT);
    }
    for (size_t cut = all - 1; cut > first + empty; cut -= cut > all - 12 ? 1 : 9973) {
        struct bco_error err;
        char expected[256];
        if (cut <= first + empty + 9973) break;
        put_file(in_folder(name), packed, cut);
        bco_buf_clear(&back);
        assert_int_equal(read_all(in_folder(name), 1 << 16, &back, &err), BCO_EDATA);
        snprintf(expected, sizeof expected, "%s: the %s stream is cut short", in_folder(name), name);
        assert_error(&err, expected);
    }
    bco_buf_free(&back);
    free(text);
    free(packed);
}

static void input_reads_zstd_frames(void **state) {
    (void)state;
    check_packed("zstd", zstd_frame);
}

static void input_reads_gzip_members(void **state) {
    (void)state;
    check_packed("gzip", gzip_member);
}

static void input_refuses_what_is_broken(void **state) {
    struct bco_error err;
    struct bco_buf back = {0};
    char packed[256], expected[256];
    (void)state;
    size_t length = gzip_member(packed, sizeof packed, "hello", 5);
    memcpy(packed + length, "\0\0\0", 3);
    put_file(in_folder("a"), packed, length + 3);
    assert_int_equal(read_all(in_folder("a"), 100, &back, &err), BCO_OK);
    packed[length + 3] = 'x';
    put_file(in_folder("a"), packed, length + 4);
    assert_int_equal(read_all(in_folder("a"), 100, &back, &err), BCO_EDATA);
    snprintf(expected, sizeof expected, "%s: something else follows the gzip stream", in_folder("a"));
    assert_error(&err, expected);
    packed[length - 6] ^= 1;
    put_file(in_folder("a"), packed, length);
    assert_int_equal(read_all(in_folder("a"), 100, &back, &err), BCO_EDATA);
    snprintf(expected, sizeof expected, "%s: the gzip stream is broken: incorrect data check", in_folder("a"));
    assert_error(&err, expected);
    assert_int_equal(read_all(folder, 100, &back, &err), BCO_ESYSTEM);
    snprintf(expected, sizeof expected, "%s: cannot read: Is a directory", folder);
    assert_error(&err, expected);
    assert_int_equal(read_all(in_folder("none"), 100, &back, &err), BCO_ESYSTEM);
    snprintf(expected, sizeof expected, "%s: cannot open: No such file or directory", in_folder("none"));
    assert_error(&err, expected);
    bco_buf_free(&back);
}

/* ---- outputs ----------------------------------------------------------------------- */

static void output_appears_at_close(void **state) {
    struct bco_output *output;
    struct bco_error err;
    struct stat st;
    (void)state;
    assert_int_equal(bco_output_open(&output, in_folder("new"), &err), BCO_OK);
    assert_int_equal(bco_output_write(output, "hello\n", 6, &err), BCO_OK);
    assert_int_equal(bco_output_flush(output, &err), BCO_OK);
    assert_int_equal(access(in_folder("new"), F_OK), -1);
    assert_int_equal(bco_output_close(output, &err), BCO_OK);
    assert_file(in_folder("new"), "hello\n");

    assert_int_equal(chmod(in_folder("new"), 0640), 0);
    assert_int_equal(bco_output_open(&output, in_folder("new"), &err), BCO_OK);
    assert_int_equal(bco_output_write(output, "second\n", 7, &err), BCO_OK);
    assert_file(in_folder("new"), "hello\n");
    assert_int_equal(bco_output_close(output, &err), BCO_OK);
    assert_file(in_folder("new"), "second\n");
    assert_int_equal(stat(in_folder("new"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void output_discarded_leaves_nothing(void **state) {
    struct bco_output *output;
    (void)state;
    int before = files_in_folder();
    assert_int_equal(bco_output_open(&output, in_folder("gone"), NULL), BCO_OK);
    assert_int_equal(bco_output_write(output, "x", 1, NULL), BCO_OK);
    bco_output_discard(output);
    bco_output_discard(NULL);
    assert_int_equal(files_in_folder(), before);
}

/* A child that is killed in the middle of its second output leaves the first one and nothing else. */
static void output_killed_leaves_nothing(void **state) {
    (void)state;
    put_file(in_folder("kept"), "old", 3);
    int before = files_in_folder(), status;
    struct bco_temp temp;
    assert_int_equal(bco_temp_open(&temp, in_folder("kept"), NULL), BCO_OK);
    bool named = temp.name != NULL;
    bco_temp_discard(&temp);
    if (named) {
        printf("SKIP: no files without a name in %s\n", folder);
        skip();
    }
    pid_t child = fork();
    if (child == 0) {
        struct bco_output *output;
        bco_output_open(&output, in_folder("kept"), NULL);
        bco_output_write(output, "new", 3, NULL);
        bco_output_flush(output, NULL);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_file(in_folder("kept"), "old");
    assert_int_equal(files_in_folder(), before);
}

static void output_follows_links(void **state) {
    struct bco_output *output;
    struct stat st;
    (void)state;
    put_file(in_folder("target"), "old", 3);
    assert_int_equal(symlink("target", in_folder("link")), 0);
    assert_int_equal(bco_output_open(&output, in_folder("link"), NULL), BCO_OK);
    assert_int_equal(bco_output_write(output, "new", 3, NULL), BCO_OK);
    assert_int_equal(bco_output_close(output, NULL), BCO_OK);
    assert_file(in_folder("target"), "new");
    assert_int_equal(lstat(in_folder("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void output_reports_a_full_disk(void **state) {
    struct bco_output *output;
    struct bco_error err;
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    assert_int_equal(bco_output_open(&output, "/dev/full", &err), BCO_OK);
    assert_int_equal(bco_output_write(output, "x", 1, &err), BCO_OK);
    assert_int_equal(bco_output_close(output, &err), BCO_ESYSTEM);
    assert_error(&err, "/dev/full: cannot write: No space left on device");
    assert_int_equal(bco_output_open(&output, in_folder("no/file"), &err), BCO_ESYSTEM);
    char expected[256];
    snprintf(expected, sizeof expected, "%s: cannot create: No such file or directory", in_folder("no/file"));
    assert_error(&err, expected);
}

/* Standard output under its file names goes on where the file is, as under "-". */
static void output_goes_on_in_standard_output(void **state) {
    static const char *const names[] = {NULL, "-", "/dev/stdout", "/dev/fd/1"};
    int status;
    (void)state;
    put_file(in_folder("log"), "old", 3);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(in_folder("log"), O_WRONLY | O_APPEND);
        dup2(fd, STDOUT_FILENO);
        for (int i = 0; i < 4; i++) {
            struct bco_output *output;
            if (bco_output_open(&output, names[i], NULL) || bco_output_write(output, "+", 1, NULL) ||
                bco_output_close(output, NULL))
                _exit(1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_file(in_folder("log"), "old++++");
}

static void output_compresses_by_name(void **state) {
    static const char *const names[] = {"x.zst", "x.gz", "x"};
    char *text = random_text(TEXT);
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bco_output *output;
        struct bco_buf back = {0};
        struct stat st;
        assert_int_equal(bco_output_open(&output, in_folder(names[i]), NULL), BCO_OK);
        for (size_t at = 0; at < TEXT; at += 1000)
            assert_int_equal(bco_output_write(output, text + at, 1000, NULL), BCO_OK);
        assert_int_equal(bco_output_flush(output, NULL), BCO_OK);
        assert_int_equal(bco_output_close(output, NULL), BCO_OK);
        assert_int_equal(stat(in_folder(names[i]), &st), 0);
        assert_true(i == 2 || st.st_size < TEXT * 3 / 4);
        assert_int_equal(read_all(in_folder(names[i]), 5000, &back, NULL), BCO_OK);
        assert_int_equal(back.length, TEXT);
        assert_memory_equal(back.data, text, TEXT);
        bco_buf_free(&back);
    }
    free(text);
}

/* What a signal handler does. */
static void named_files_are_removed_on_request(void **state) {
    struct bco_temp temp;
    (void)state;
    int before = files_in_folder();
    for (int i = 0; i < 100; i++) { /* as many as there are slots, and more */
        assert_int_equal(bco_temp_open(&temp, in_folder("named"), NULL), BCO_OK);
        bco_temp_discard(&temp);
    }
    assert_int_equal(bco_temp_open_named(&temp, in_folder("named"), NULL), BCO_OK);
    assert_int_equal(files_in_folder(), before + 1);
    bco_remove_temporary_files();
    assert_int_equal(files_in_folder(), before);
    bco_temp_discard(&temp);
    assert_int_equal(bco_temp_open_named(&temp, in_folder("named"), NULL), BCO_OK);
    assert_int_equal(write(temp.fd, "x", 1), 1);
    assert_int_equal(bco_temp_commit(&temp, NULL), BCO_OK);
    bco_temp_discard(&temp);
    assert_file(in_folder("named"), "x");
    assert_int_equal(files_in_folder(), before + 1);
    bco_remove_temporary_files();
    assert_file(in_folder("named"), "x");
}

static void spool_gives_back(void **state) {
    struct bco_spool *spool;
    struct bco_error err;
    char *text = random_text(TEXT), *back = malloc(TEXT);
    (void)state;
    int before = files_in_folder();
    assert_int_equal(bco_spool_open(&spool, folder, &err), BCO_OK);
    assert_int_equal(files_in_folder(), before);
    for (size_t at = 0; at < TEXT; at += 100) assert_int_equal(bco_spool_add(spool, text + at, 100, &err), BCO_OK);
    assert_int_equal(bco_spool_add(spool, text, TEXT, &err), BCO_OK);
    assert_int_equal(bco_spool_size(spool), 2 * TEXT);
    assert_int_equal(bco_spool_read(spool, TEXT - 5000, back, 5000, &err), BCO_OK);
    assert_memory_equal(back, text + TEXT - 5000, 5000);
    assert_int_equal(bco_spool_read(spool, TEXT, back, TEXT, &err), BCO_OK);
    assert_memory_equal(back, text, TEXT);
    bco_spool_close(spool);
    bco_spool_close(NULL);
    assert_int_equal(bco_spool_open(&spool, in_folder("none"), &err), BCO_ESYSTEM);
    free(text);
    free(back);
}

/* ---- pieces ------------------------------------------------------------------------- */

/* "line:[piece]" for each, then how it ended; `step` bytes become known at a time. */
static void split_text(struct bco_buf *log, enum bco_split_kind kind, const char *text, size_t length, size_t step) {
    struct bco_split split = {.kind = kind, .line = 1, .delimiter = ','};
    size_t done = 0;
    for (size_t known = step < length ? step : length;; known = length - known < step ? length : known + step) {
        for (bool last = known == length, more = true; more;) {
            struct bco_piece piece;
            size_t used;
            char *bytes = exact_copy(text + done, known - done);
            enum bco_split_result result = bco_split_next(&split, bytes, known - done, last, &piece, &used);
            if (result == BCO_SPLIT_PIECE)
                bco_buf_printf(log, "%zu:[%.*s]%s", piece.line, (int)piece.length, bytes + piece.start,
                               piece.open_quote ? "?" : "");
            if (result == BCO_SPLIT_BROKEN) bco_buf_printf(log, "%zu!%s", split.broken_line, split.broken);
            free(bytes);
            done += used;
            if (result == BCO_SPLIT_BROKEN || (result == BCO_SPLIT_MORE && last)) return;
            more = result == BCO_SPLIT_PIECE;
        }
    }
}

static void split_at_any_step(void **state) {
    static const struct {
        enum bco_split_kind kind;
        const char *text, *pieces;
    } cases[] = {
        {BCO_SPLIT_LINES, "", ""},
        {BCO_SPLIT_LINES, "a\n\n b\r\n\t\r\nc", "1:[a]3:[ b]5:[c]"},
        {BCO_SPLIT_LINES, "a\n\n", "1:[a]"},
        {BCO_SPLIT_LINES, "\r", ""},
        {BCO_SPLIT_ELEMENTS, "[]", ""},
        {BCO_SPLIT_ELEMENTS, " [\n {\"a\":\"],\\\"\\\\\"} ,\n[1,\n2]\n,3 ]\n ",
         "2:[{\"a\":\"],\\\"\\\\\"}]3:[[1,\n2]]5:[3]"},
        {BCO_SPLIT_ELEMENTS, "[1,\n]", "1:[1]2!broken list: expected an element"},
        {BCO_SPLIT_ELEMENTS, "[,]", "1!broken list: expected an element"},
        {BCO_SPLIT_ELEMENTS, "[1]\nx", "1:[1]2!something follows the list"},
        {BCO_SPLIT_ELEMENTS, "[1,\n{\"a\":\n", "1:[1]2!the list is cut short: it ends inside this element"},
        {BCO_SPLIT_ELEMENTS, "[1,\n", "1:[1]2!the list is cut short: it has no ]"},
        {BCO_SPLIT_ELEMENTS, "[1", "1!the list is cut short: it ends inside this element"},
        {BCO_SPLIT_ELEMENTS, "", "1!the list is cut short: it has no ]"},
        {BCO_SPLIT_ROWS, "a,b\r\n\r\n\"c\r\nd\",e\rf\n\n\ng", "1:[a,b]3:[\"c\r\nd\",e]5:[f]8:[g]"},
        {BCO_SPLIT_ROWS, "a\"b\nc,\"d\n", "1:[a\"b]2:[c,\"d\n]?"},
        {BCO_SPLIT_ROWS, "\"a\"\"b\"\n\"a\"b\nc\r", "1:[\"a\"\"b\"]2:[\"a\"b]3:[c]"},
        {BCO_SPLIT_ROWS, "\r\r\n\na", "4:[a]"},
        {BCO_SPLIT_ROWS, "\"\"", "1:[\"\"]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t step = 1; step < 40; step++) {
            struct bco_buf log = {0};
            bco_buf_str(&log, "");
            split_text(&log, cases[i].kind, cases[i].text, strlen(cases[i].text), step);
            assert_string_equal(log.data, cases[i].pieces);
            bco_buf_free(&log);
        }
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void scan_says(const char *text, size_t length, const char *expected) {
    struct bco_json_scan scan = {0};
    struct bco_error err = {0};
    char *copy = exact_copy(text, length);
    enum bco_code code = bco_json_scan_object(&scan, copy, length, &err);
    free(copy);
    bco_json_scan_free(&scan);
    assert_int_equal(code, expected ? BCO_EDATA : BCO_OK);
    if (expected) assert_string_equal(err.message, expected);
}

#define SAYS(text, expected) scan_says(text, sizeof text - 1, expected)

static void json_objects(void **state) {
    (void)state;
    SAYS("{}", NULL);
    SAYS(" { } ", NULL);
    SAYS("{\"a\":[1,-0,0.5e-3,1E+10,1e400],\"b\":{\"c\":null},\"\":true,\"d\":false}", NULL);
    SAYS("{\"a\":\"\\u0000\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\x7F\"}", NULL);
    SAYS("{\"a\":\"a string of more than sixteen bytes, \xE4\xB8\xAD, and more\"}", NULL);
    SAYS("[]", "expected an object, got a list");
    SAYS("\"x\"", "expected an object, got a text");
    SAYS("-1", "expected an object, got a number");
    SAYS("null", "expected an object, got null");
    SAYS("true", "expected an object, got true or false");
    SAYS("hello", "not JSON, got 'hello', expected an object");
    SAYS("\xEF\xBB\xBF{}", "broken JSON: unexpected character at byte 1");
    SAYS("{} {}", "broken JSON: something follows the JSON text at byte 4");
    SAYS("{\"a\":1,}", "broken JSON: expected a key in quotes at byte 8");
    SAYS("{a:1}", "broken JSON: expected a key in quotes at byte 2");
    SAYS("{\"a\" 1}", "broken JSON: expected a colon at byte 6");
    SAYS("{\"a\":1 \"b\":2}", "broken JSON: expected , or } at byte 8");
    SAYS("{\"a\":[1 2]}", "broken JSON: expected , or ] at byte 9");
    SAYS("{\"a\":[1,]}", "broken JSON: unexpected character at byte 9");
    SAYS("{\"a\":[1}}", "broken JSON: expected , or ] at byte 8");
    SAYS("{'a':1}", "broken JSON: expected a key in quotes at byte 2");
    SAYS("{\"a\":nul}", "broken JSON: unexpected character at byte 6");
    SAYS("{\"a\":truE}", "broken JSON: unexpected character at byte 6");
    SAYS("{\"a\":/* */1}", "broken JSON: unexpected character at byte 6");
}

static void json_numbers(void **state) {
    static const char *const broken[] = {"01",  "-",   "1.",  ".5",   "+1",  "1e",       "1e+", "0x10", "1.e1",
                                         "--1", "1_0", "NaN", "-NaN", "-01", "Infinity", "1f",  "0e",   "- 1"};
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct bco_json_scan scan = {0};
        char text[32];
        snprintf(text, sizeof text, "{\"a\":%s}", broken[i]);
        assert_int_equal(bco_json_scan_object(&scan, text, strlen(text), NULL), BCO_EDATA);
        bco_json_scan_free(&scan);
    }
    SAYS("{\"a\":1.}", "broken JSON: broken number at byte 8");
}

static void json_strings(void **state) {
    (void)state;
    SAYS("{\"a\":\"\xFF\"}", "broken JSON: not UTF-8 at byte 7");
    SAYS("{\"\xC3\":1}", "broken JSON: not UTF-8 at byte 3");
    SAYS("{\"a\":\"\xED\xA0\x80\"}", "broken JSON: not UTF-8 at byte 7");
    SAYS("{\"a\":\"x\ty\"}", "broken JSON: control character in a string at byte 8");
    SAYS("{\"a\":\"x\0y\"}", "broken JSON: control character in a string at byte 8");
    SAYS("{\"a\":\"\\x\"}", "broken JSON: unknown escape at byte 7");
    SAYS("{\"a\":\"\\\0\"}", "broken JSON: unknown escape at byte 7");
    SAYS("{\"a\":\"\\u12g4\"}", "broken JSON: broken \\u escape at byte 7");
    SAYS("{\"a\":\"\\ud800\"}", "broken JSON: lone surrogate escape at byte 7");
    SAYS("{\"a\":\"\\ud800\\n\"}", "broken JSON: lone surrogate escape at byte 7");
    SAYS("{\"a\":\"\\ude00\\ud83d\"}", "broken JSON: lone surrogate escape at byte 7");
    SAYS("{\"a\":\"\\ud83d\\u0041\"}", "broken JSON: lone surrogate escape at byte 7");
}

static void json_cut_short(void **state) {
    static const char text[] = "{\"a\":[1,{\"b\":\"c\\u00e9\"},true],\"d\":\"\xC3\xA9\"}";
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        struct bco_json_scan scan = {0};
        char *copy = exact_copy(text, length);
        assert_int_equal(bco_json_scan_object(&scan, copy, length, NULL), BCO_EDATA);
        free(copy);
        bco_json_scan_free(&scan);
    }
    SAYS("", "the JSON is cut short: it ends where a value should be");
    SAYS("{", "the JSON is cut short: it ends where a key should be");
    SAYS("{\"a", "the JSON is cut short: it ends inside a string");
    SAYS("{\"a\\", "the JSON is cut short: it ends inside a string");
    SAYS("{\"a\"", "the JSON is cut short: it ends behind a key");
    SAYS("{\"a\":", "the JSON is cut short: it ends where a value should be");
    SAYS("{\"a\":1", "the JSON is cut short: it ends inside an object");
    SAYS("{\"a\":[1", "the JSON is cut short: it ends inside a list");
}

static void json_keys_twice(void **state) {
    (void)state;
    SAYS("{\"a\":1,\"b\":2,\"a\":3}", "broken JSON: the key 'a' stands twice in an object");
    SAYS("{\"a\":1,\"\\u0061\":3}", "broken JSON: the key '\\u0061' stands twice in an object");
    SAYS("{\"x\":[{\"a\":{\"b\":1,\"b\":1}}]}", "broken JSON: the key 'b' stands twice in an object");
    SAYS("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", NULL);
    SAYS("{\"\":1,\"\":1}", "broken JSON: the key '' stands twice in an object");
    struct bco_buf many = {0};
    bco_buf_char(&many, '{');
    for (int i = 0; i < 100000; i++) bco_buf_printf(&many, "\"k%d\":%d,", i, i);
    size_t length = many.length;
    bco_buf_str(&many, "\"last\":1}");
    scan_says(many.data, many.length, NULL);
    many.length = length;
    bco_buf_str(&many, "\"\\u006b777\":1}");
    struct bco_json_scan scan = {0};
    assert_int_equal(bco_json_scan_object(&scan, many.data, many.length, NULL), BCO_EDATA);
    bco_json_scan_free(&scan);
    bco_buf_free(&many);
}

static void nested(struct bco_buf *text, size_t levels, bool objects) {
    bco_buf_clear(text);
    bco_buf_str(text, "{\"a\":");
    for (size_t i = 1; i < levels; i++) bco_buf_str(text, objects ? "{\"a\":" : "[");
    bco_buf_str(text, "1");
    for (size_t i = 1; i < levels; i++) bco_buf_char(text, objects ? '}' : ']');
    bco_buf_char(text, '}');
}

static void json_nesting(void **state) {
    struct bco_buf text = {0}, out = {0};
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        nested(&text, 512, objects);
        scan_says(text.data, text.length, NULL);
        bco_json_canonical(&out, text.data, text.length);
        assert_string_equal(out.data, text.data);
        bco_buf_clear(&out);
        nested(&text, 513, objects);
        scan_says(text.data, text.length,
                  objects ? "broken JSON: nested too deeply, more than 512 levels at byte 2561"
                          : "broken JSON: nested too deeply, more than 512 levels at byte 517");
        nested(&text, 1000000, objects);
        scan_says(text.data, text.length,
                  objects ? "broken JSON: nested too deeply, more than 512 levels at byte 2561"
                          : "broken JSON: nested too deeply, more than 512 levels at byte 517");
    }
    bco_buf_free(&text);
    bco_buf_free(&out);
}

static void json_members(void **state) {
    static const char text[] = "{ \"a\" : 1.0 , \"b\\n\":\"x\\ty\", \"c\":[ 1, 2 ],\"d\":{\"e\":1}}";
    struct bco_json_scan scan = {0};
    (void)state;
    assert_int_equal(bco_json_scan_object(&scan, text, strlen(text), NULL), BCO_OK);
    assert_int_equal(scan.count, 4);
    const struct bco_json_member *m = scan.members;
    assert_memory_equal(m[0].value, "1.0", m[0].value_length);
    assert_int_equal(m[0].value_length, 3);
    assert_int_equal(m[0].kind, BCO_NUMBER);
    assert_true(m[1].key_escaped && m[1].escaped && m[1].kind == BCO_TEXT);
    assert_true(m[2].blanks && m[2].kind == BCO_LIST && m[2].value_length == 8);
    assert_true(!m[3].blanks && m[3].kind == BCO_OBJECT && !m[3].escaped);
    bco_json_scan_free(&scan);
}

static bool same_member(const struct bco_json_member *a, const struct bco_json_member *b) {
    return a->key == b->key && a->key_length == b->key_length && a->value == b->value &&
           a->value_length == b->value_length && a->kind == b->kind && a->key_escaped == b->key_escaped &&
           a->escaped == b->escaped && a->blanks == b->blanks;
}

/* A text is read alike alone and behind any other. */
static void json_shapes(void **state) {
    static const char *const texts[] = {"{\"a\": 1, \"b\": \"x\"}",
                                        "{\"a\": -2.5e3, \"b\": \"\"}",
                                        "{\"a\": \"\\n\", \"b\": null}",
                                        "{\"a\": 1, \"b\": \"x\"} ",
                                        "{\"a\": 1 , \"b\": \"x\"}",
                                        "{\"a\": 1, \"b\": [ 2 ]}",
                                        "{\"a\": {}, \"b\": true}",
                                        "{\"a\": 1, \"\\u0062\": \"x\"}",
                                        "{\"a\": 1, \"\\u0062\": \"\\u00e9\"}",
                                        "{\"a\": 1, \"a\": 1}",
                                        "{\"a\": 1, \"c\": 1}",
                                        "{\"a\": 1}",
                                        "{\"a\": 01, \"b\": 2}",
                                        "{\"a\": 1, \"b\": \"x\"",
                                        "{\"a\": 1, \"b\": ",
                                        "{\"a\": 1, \"b\": \"\xFF\"}",
                                        "{\"a\": 1, \"b\": \"x\"}}",
                                        "{\"a\": 1, \"b\": \"x\", \"c\": 3}",
                                        "{}",
                                        "[]"};
    enum { TEXTS = sizeof texts / sizeof *texts };
    (void)state;
    for (int i = 0; i < TEXTS; i++)
        for (int j = 0; j < TEXTS; j++) {
            struct bco_json_shape shape = {0};
            struct bco_json_scan alone = {0}, behind = {.shape = &shape};
            struct bco_error expected = {0}, err = {0};
            enum bco_code code = bco_json_scan_object(&alone, texts[j], strlen(texts[j]), &expected);
            bco_json_scan_object(&behind, texts[i], strlen(texts[i]), NULL);
            size_t before = behind.count;
            uint64_t id = shape.count ? shape.id : 0;
            assert_int_equal(bco_json_scan_object(&behind, texts[j], strlen(texts[j]), &err), code);
            assert_string_equal(err.message, expected.message);
            assert_int_equal(behind.count - before, alone.count);
            for (size_t k = 0; k < alone.count; k++)
                assert_true(same_member(&behind.members[before + k], &alone.members[k]));
            if (i < 2 && j < 2) assert_true(shape.id == id);
            if (id && i < 7 && j >= 7 && !code) assert_true(shape.id != id);
            bco_json_scan_free(&alone);
            bco_json_scan_free(&behind);
        }
}

static void json_canonical(void **state) {
    static const char text[] = "{ \"b\":[ 1.0, \"\\u00e9\\/\" ], \"a\\u0061\": {\"d\":1 ,\"c\":{}}, \"a\":[ ] }";
    struct bco_buf out = {0};
    (void)state;
    bco_json_canonical(&out, text, strlen(text));
    assert_string_equal(out.data, "{\"a\":[],\"aa\":{\"c\":{},\"d\":1},\"b\":[1.0,\"\xC3\xA9/\"]}");
    bco_buf_clear(&out);
    bco_json_compact(&out, text, strlen(text));
    assert_string_equal(out.data, "{\"b\":[1.0,\"\\u00e9\\/\"],\"a\\u0061\":{\"d\":1,\"c\":{}},\"a\":[]}");
    bco_buf_free(&out);
}

/* ---- CSV -------------------------------------------------------------------------------- */

/* The members of a row are what a scan of its JSON finds. */
static void same_members(const struct bco_buf *json, const struct bco_json_scan *members) {
    struct bco_json_scan scan = {0};
    if (json->length) assert_int_equal(bco_json_scan_object(&scan, json->data, json->length, NULL), BCO_OK);
    assert_int_equal(scan.count, members->count);
    for (size_t i = 0; i < scan.count; i++) assert_true(same_member(&scan.members[i], &members->members[i]));
    bco_json_scan_free(&scan);
}

static void csv_rows(void **state) {
    static const struct {
        const char *row, *json, *error;
    } cases[] = {
        {"1,2", "{\"a\":\"1\",\"b c\":\"2\"}", NULL},
        {" 1 ,\t", "{\"a\":\" 1 \",\"b c\":\"\\t\"}", NULL},
        {",", "{\"a\":\"\",\"b c\":\"\"}", NULL},
        {"\"x \"\"y\"\"\n\",\"\"", "{\"a\":\"x \\\"y\\\"\\n\",\"b c\":\"\"}", NULL},
        {"a,b\\c \x7F\xC3\xA9 0123456789abcdef\"\"", NULL, "a quote inside an unquoted field, at byte 27 of the row"},
        {"a,b\\c \x7F\xC3\xA9 0123456789abcdef \xE4\xB8\xAD",
         "{\"a\":\"a\",\"b c\":\"b\\\\c \x7F\xC3\xA9 0123456789abcdef \xE4\xB8\xAD\"}", NULL},
        {"\"\\,\"\",\x01\r\n 0123456789abcdef\",\"0123456789abcdef\"",
         "{\"a\":\"\\\\,\\\",\\u0001\\r\\n 0123456789abcdef\",\"b c\":\"0123456789abcdef\"}", NULL},
        {"\"0123456789abcdef\"x,2", NULL, "text behind a closing quote, at byte 19 of the row"},
        {"1", NULL, "got 1 field, expected 2"},
        {"1,2,3", NULL, "got 3 fields, expected 2"},
        {"1,2,", NULL, "got 3 fields, expected 2"},
        {"a\"b,2", NULL, "a quote inside an unquoted field, at byte 2 of the row"},
        {" \"b\",2", NULL, "a quote inside an unquoted field, at byte 2 of the row"},
        {"\"a\"b,2", NULL, "text behind a closing quote, at byte 4 of the row"},
        {"\"a\" ,2", NULL, "text behind a closing quote, at byte 4 of the row"},
        {"\xE4\xB8,2", NULL, "the row is not UTF-8, at its byte 1"},
    };
    struct bco_csv *csv = bco_csv_new(',');
    (void)state;
    assert_int_equal(bco_csv_header(csv, "a,\"b c\"", 7, NULL), BCO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bco_buf json = {0};
        struct bco_json_scan members = {0};
        struct bco_error err;
        enum bco_code code = bco_csv_row(csv, cases[i].row, strlen(cases[i].row), &json, &members, &err);
        assert_int_equal(code, cases[i].json ? BCO_OK : BCO_EDATA);
        if (cases[i].json) assert_memory_equal(json.data, cases[i].json, json.length);
        if (cases[i].error) assert_string_equal(err.message, cases[i].error);
        same_members(&json, &members);
        bco_buf_free(&json);
        bco_json_scan_free(&members);
    }
    struct bco_buf json = {0};
    struct bco_json_scan members = {0};
    assert_int_equal(bco_csv_row(csv, "x\0y,\0", 5, &json, &members, NULL), BCO_OK);
    assert_memory_equal(json.data, "{\"a\":\"x\\u0000y\",\"b c\":\"\\u0000\"}", json.length);
    same_members(&json, &members);
    bco_buf_free(&json);
    bco_json_scan_free(&members);
    bco_csv_free(csv);
}

static void csv_headers(void **state) {
    struct bco_error err;
    struct bco_csv *csv = bco_csv_new(';');
    (void)state;
    assert_int_equal(bco_csv_header(csv, "a;b;\"a\"", 7, &err), BCO_EDATA);
    assert_string_equal(err.message, "the header has the name 'a' twice");
    bco_csv_free(csv);
    bco_csv_free(NULL);
    assert_int_equal(bco_csv_separator("sep=;", 5), ';');
    assert_int_equal(bco_csv_separator("sep=\t", 5), '\t');
    assert_int_equal(bco_csv_separator("sep=", 4), 0);
    assert_int_equal(bco_csv_separator("sepa;", 5), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_good_and_broken),
        cmocka_unit_test(utf8_clean_replaces_maximal_parts),
        cmocka_unit_test(utf8_cut_keeps_characters_whole),
        cmocka_unit_test(input_reads_zstd_frames),
        cmocka_unit_test(input_reads_gzip_members),
        cmocka_unit_test(input_refuses_what_is_broken),
        cmocka_unit_test(output_appears_at_close),
        cmocka_unit_test(output_discarded_leaves_nothing),
        cmocka_unit_test(output_killed_leaves_nothing),
        cmocka_unit_test(output_follows_links),
        cmocka_unit_test(output_reports_a_full_disk),
        cmocka_unit_test(output_goes_on_in_standard_output),
        cmocka_unit_test(output_compresses_by_name),
        cmocka_unit_test(named_files_are_removed_on_request),
        cmocka_unit_test(spool_gives_back),
        cmocka_unit_test(split_at_any_step),
        cmocka_unit_test(json_objects),
        cmocka_unit_test(json_numbers),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(json_cut_short),
        cmocka_unit_test(json_keys_twice),
        cmocka_unit_test(json_nesting),
        cmocka_unit_test(json_members),
        cmocka_unit_test(json_shapes),
        cmocka_unit_test(json_canonical),
        cmocka_unit_test(csv_rows),
        cmocka_unit_test(csv_headers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

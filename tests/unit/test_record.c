/* Records: read, looked at, checked, changed, written, rejected. */
#define _DEFAULT_SOURCE /* usleep */
#include <bco/bco.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include <cmocka.h>

/* ---- files -------------------------------------------------------------------- */

/* A file that is gone when the test is over; its name ends in `end`. */
static const char *new_file(const char *end, const char *bytes, size_t length) {
    static char paths[4][64];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "/tmp/bco-test-%ld-%d%s", (long)getpid(), next, end);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(1 << 20);
    assert_non_null(file);
    assert_non_null(text);
    *length = fread(text, 1, (1 << 20) - 1, file);
    text[*length] = '\0';
    fclose(file);
    return text;
}

static void add(char *log, const char *format, ...) {
    size_t length = strlen(log);
    va_list args;
    va_start(args, format);
    vsnprintf(log + length, 4096 - length, format, args);
    va_end(args);
}

/* Everything the reader gives: "LINE JSON\n", "!MESSAGE [RAW]\n", "!!MESSAGE\n" for what is fatal. */
static void read_log(const char *path, const struct bco_reader_options *options, char *log) {
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_error err;
    size_t length, prefix = strlen(path);
    log[0] = '\0';
    assert_int_equal(bco_reader_open(&reader, &path, 1, options, &err), BCO_OK);
    for (;;) {
        char text[2500];
        enum bco_code code = bco_reader_next(reader, &record, &err);
        const char *raw = bco_reader_raw(reader, &length);
        if (code) {
            bco_error_format(&err, text, sizeof text);
            assert_memory_equal(text, path, prefix);
            add(log, bco_reader_fatal(reader) ? "!!%s\n" : "!%s [%.*s]\n", text + prefix, (int)length, raw);
            continue;
        }
        if (!record) break;
        char *json = bco_record_json(record, NULL, &length);
        assert_string_equal(bco_record_file(record), path);
        add(log, "%zu %s\n", bco_record_line(record), json);
        free(json);
    }
    bco_reader_close(reader);
}

static void check_log(const char *end, const char *bytes, size_t length, const struct bco_reader_options *options,
                      const char *expected) {
    char log[4096];
    const char *path = new_file(end, bytes, length);
    read_log(path, options, log);
    unlink(path);
    assert_string_equal(log, expected);
}

#define READS(end, text, expected) check_log(end, text, sizeof text - 1, NULL, expected)

/* ---- reading -------------------------------------------------------------------- */

static void reads_json_lines(void **state) {
    (void)state;
    READS(".jsonl", "", "");
    READS(".jsonl", "\n \n", "");
    READS(".jsonl", "{\"a\":1.0}\n\n{ \"b\" : [ 1 , 2 ] }\r\n{\"c\":\"\\u00e9\"}",
          "1 {\"a\":1.0}\n3 {\"b\":[1,2]}\n4 {\"c\":\"\\u00e9\"}\n");
    READS(".jsonl", "\xEF\xBB\xBF{\"a\":1}\n", "1 {\"a\":1}\n");
    READS(".jsonl", "{\"a\":1}\n\xEF\xBB\xBF{}\n",
          "1 {\"a\":1}\n!:2: broken JSON: unexpected character at byte 1 [\xEF\xBB\xBF{}]\n");
    READS(".jsonl", "[1]\n{\"a\":1}\n5\r\n{\"a\":",
          "!:1: expected an object, got a list [[1]]\n2 {\"a\":1}\n!:3: expected an object, got a number [5]\n"
          "!:4: the JSON is cut short: it ends where a value should be [{\"a\":]\n");
    READS(".jsonl", "{\"a\":1e400,\"b\":-0.0,\"c\":12345678901234567890123}\n",
          "1 {\"a\":1e400,\"b\":-0.0,\"c\":12345678901234567890123}\n");
    READS(".jsonl", "{\"a\":1}{\"a\":2}\n",
          "!:1: broken JSON: something follows the JSON text at byte 8 [{\"a\":1}{\"a\":2}]\n");
}

static void reads_lists(void **state) {
    (void)state;
    READS(".json", "[]", "");
    READS(".json", "\n[\n {\"a\":\n [1,\n  2]},\n {\"b\":\"],\"}]\n", "3 {\"a\":[1,2]}\n6 {\"b\":\"],\"}\n");
    READS(".json", "[{\"a\":1},\n5, {\"b\":2 \"c\"},\n{\"d\":4}]",
          "1 {\"a\":1}\n!:2: expected an object, got a number [5]\n!:2: broken JSON: expected , or } at byte 8 "
          "[{\"b\":2 \"c\"}]\n3 {\"d\":4}\n");
    READS(".json", "[{\"a\":1},\n{\"b\":", "1 {\"a\":1}\n!!:2: the list is cut short: it ends inside this element\n");
    READS(".json", "[{\"a\":1}\n", "!!:1: the list is cut short: it ends inside this element\n");
    READS(".json", "[{\"a\":1}]\n{}", "1 {\"a\":1}\n!!:2: something follows the list\n");
    READS(".json", "{\"a\":1}\n{\"b\":2}\n", "1 {\"a\":1}\n2 {\"b\":2}\n");
    READS(".json", "", "");
}

static void reads_tables(void **state) {
    static const struct bco_reader_options semicolon = {.delimiter = ';'};
    static const struct bco_reader_options tsv = {.format = BCO_FORMAT_TSV};
    (void)state;
    READS(".csv", "\xEF\xBB\xBFprompt,rating\r\n\"a\r\nb\", 5 \r\n\r\nc\r\nd\"e,1\r\nf,2\r\n",
          "2 {\"prompt\":\"a\\r\\nb\",\"rating\":\" 5 \"}\n!:5: got 1 field, expected 2 [c]\n"
          "!:6: a quote inside an unquoted field, at byte 2 of the row [d\"e,1]\n7 "
          "{\"prompt\":\"f\",\"rating\":\"2\"}\n");
    READS(".csv", "a,b\n1,2\n3,\"4\n5,6\n",
          "2 {\"a\":\"1\",\"b\":\"2\"}\n!:3: the quote opened in line 3 is never closed "
          "[3,\"4\n5,6\n]\n");
    READS(".csv", "sep=;\na;b\n1;2\n", "3 {\"a\":\"1\",\"b\":\"2\"}\n");
    READS(".csv", "a,b,a\n1,2,3\n", "!!:1: the header has the name 'a' twice\n");
    READS(".csv", "a,\"b\n1,2", "!!:1: the quote opened in line 1 is never closed\n");
    READS(".csv", "\xFF,b\n1,2\n", "!!:1: the row is not UTF-8, at its byte 1\n");
    READS(".csv", "a,b\n", "");
    READS(".csv", "", "");
    READS(".tsv", "a\tb,c\n1\t\"2\t3\"\n", "2 {\"a\":\"1\",\"b,c\":\"2\\t3\"}\n");
    check_log(".txt", "a;b\n1;2\n", 8, &(struct bco_reader_options){.format = BCO_FORMAT_CSV, .delimiter = ';'},
              "2 {\"a\":\"1\",\"b\":\"2\"}\n");
    check_log(".csv", "sep=;\na;b\n1;2\n", 14, &semicolon, "3 {\"a\":\"1\",\"b\":\"2\"}\n");
    check_log(".csv", "a\tb\n1\t2\n", 8, &tsv, "2 {\"a\":\"1\",\"b\":\"2\"}\n");
}

static void knows_the_format(void **state) {
    (void)state;
    READS("", " \n{\"a\":1}", "2 {\"a\":1}\n");
    READS("", "[{\"a\":1}]", "1 {\"a\":1}\n");
    READS("", "", "");
    READS("", "a,b\n1,2\n",
          "!!: neither the name nor the first byte tells the format, expected JSON, or a file named .csv or .tsv\n");
    check_log("", "a,b\n1,2\n", 8, &(struct bco_reader_options){.format = BCO_FORMAT_AUTO},
              "!!: neither the name nor the first byte tells the format, expected --format csv, tsv, json or jsonl\n");
    READS(".JSONL", "[]\n", "!:1: expected an object, got a list [[]]\n");
}

static void reads_several_inputs(void **state) {
    const char *paths[2];
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_error err;
    double sum = 0, value;
    (void)state;
    paths[0] = new_file(".json", "[{\"a\":1},", 9);
    paths[1] = new_file(".csv", "a\n2\n", 4);
    assert_int_equal(bco_reader_open(&reader, paths, 2, NULL, &err), BCO_OK);
    assert_int_equal(bco_reader_next(reader, &record, &err), BCO_OK);
    assert_true(bco_record_number(record, "a", &value));
    assert_int_equal(bco_reader_next(reader, &record, &err), BCO_EDATA);
    assert_true(bco_reader_fatal(reader));
    assert_null(record);
    assert_int_equal(bco_reader_next(reader, &record, &err), BCO_OK);
    assert_false(bco_reader_fatal(reader));
    assert_string_equal(bco_record_file(record), paths[1]);
    assert_false(bco_record_number(record, "a", &sum));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bco_reader_next(reader, &record, &err), BCO_OK);
        assert_null(record);
    }
    bco_reader_close(reader);
    unlink(paths[1]);
    assert_int_equal(bco_reader_open(&reader, paths, 2, NULL, &err), BCO_ESYSTEM);
    assert_null(reader);
    assert_string_equal(err.file, paths[1]);
    assert_string_equal(err.message, "cannot open: No such file or directory");
    unlink(paths[0]);
    bco_reader_close(NULL);
}

/* More than the batches that are read ahead, with long and short lines. */
static void reads_far_ahead(void **state) {
    enum { RECORDS = 60000 };
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_writer *writer;
    const char *path = new_file(".jsonl", "", 0);
    const char *text;
    char *big = malloc(3000000);
    size_t length, lines = 0;
    (void)state;
    assert_non_null(big);
    memset(big, 'x', 3000000);
    assert_int_equal(bco_writer_open(&writer, path, NULL), BCO_OK);
    for (int i = 0; i < RECORDS; i++) {
        struct bco_record *made;
        assert_int_equal(bco_record_parse(&made, NULL, 0, NULL), BCO_OK);
        assert_int_equal(bco_record_set_number(made, "i", i, NULL), BCO_OK);
        size_t bytes = i == 30000 ? 3000000 : (size_t)(i % 300);
        assert_int_equal(bco_record_set_text(made, "text", big, bytes, NULL), BCO_OK);
        assert_int_equal(bco_writer_record(writer, made, NULL), BCO_OK);
        bco_record_free(made);
    }
    assert_int_equal(bco_writer_close(writer, NULL), BCO_OK);
    assert_int_equal(bco_reader_open(&reader, &path, 1, NULL, NULL), BCO_OK);
    for (;; lines++) {
        double i;
        assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
        if (!record) break;
        assert_true(bco_record_number(record, "i", &i) && i == (double)lines);
        assert_true(bco_record_text(record, "text", &text, &length));
        assert_int_equal(length, lines == 30000 ? 3000000 : lines % 300);
        assert_int_equal(bco_record_line(record), lines + 1);
    }
    assert_int_equal(lines, RECORDS);
    bco_reader_close(reader);
    assert_int_equal(bco_reader_open(&reader, &path, 1, NULL, NULL), BCO_OK);
    for (int i = 0; i < 10000; i++) assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
    bco_reader_close(reader);
    unlink(path);
    free(big);
}

/* A pipe's records come as they are written; a reader can be closed while its thread waits for more. */
static void reads_a_pipe_and_leaves_it(void **state) {
    struct bco_reader *reader;
    struct bco_record *record;
    char path[64], line[40000];
    const char *paths[] = {path};
    int fds[2];
    (void)state;
    memset(line, ' ', sizeof line);
    memcpy(line, "{\"a\":1}", 7);
    line[sizeof line - 1] = '\n';
    assert_int_equal(pipe(fds), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
    assert_int_equal(bco_reader_open(&reader, paths, 1, NULL, NULL), BCO_OK);
    for (int i = 0; i < 3; i++) { /* each is long enough for a thread, which waits for more in the end */
        assert_int_equal(write(fds[1], line, sizeof line), sizeof line);
        assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
        assert_non_null(record);
    }
    bco_reader_close(reader);
    close(fds[0]);
    close(fds[1]);
}

/* ---- looking -------------------------------------------------------------------------- */

static struct bco_record *parse(const char *json) {
    struct bco_record *record;
    assert_int_equal(bco_record_parse(&record, json, strlen(json), NULL), BCO_OK);
    return record;
}

/* Ready: a record that is whole, or the end. */
static void tells_whether_a_record_has_come(void **state) {
    int ends[2];
    char path[32];
    struct bco_reader *reader;
    struct bco_record *record;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    const char *paths[] = {path};
    const struct bco_reader_options options = {.ahead = true};
    assert_int_equal(bco_reader_open(&reader, paths, 1, &options, NULL), BCO_OK);
    assert_true(bco_reader_ready(reader));
    assert_int_equal(write(ends[1], "{\"a\":1}\n{\"a\":2}\n{\"a\":", 21), 21);
    for (int i = 0; i < 2; i++) {
        assert_true(bco_reader_ready(reader));
        assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
        assert_int_equal(bco_record_line(record), i + 1);
    }
    usleep(20000);
    assert_false(bco_reader_ready(reader));
    assert_int_equal(write(ends[1], "3}\n", 3), 3);
    for (int tries = 0; tries < 6000 && !bco_reader_ready(reader); tries++) usleep(10000);
    assert_true(bco_reader_ready(reader));
    assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
    assert_int_equal(close(ends[1]), 0);
    for (int tries = 0; tries < 6000 && !bco_reader_ready(reader); tries++) usleep(10000);
    assert_true(bco_reader_ready(reader));
    assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
    assert_null(record);
    assert_true(bco_reader_ready(reader));
    bco_reader_close(reader);
    close(ends[0]);
}

static void looks_at_fields(void **state) {
    struct bco_record *r =
        parse("{\"t\":\"a\\u0000\\u00e9\\n\",\"n\":-1.50e1,\"b\":true,\"z\":null,\"big\":-1e400,"
              "\"o\":{\"x.y\":1,\"x\":{\"y\":2,\"z\":[\"p\",{\"\\u0071\":\"r\\\"\"}]}},\"d.e\":7,\"l\":[]}");
    const char *text;
    size_t length;
    double x = 9;
    bool b = false;
    (void)state;
    assert_true(bco_record_text(r, "t", &text, &length));
    assert_int_equal(length, 5);
    assert_memory_equal(text, "a\0\xC3\xA9\n", 6);
    assert_true(bco_record_number(r, "n", &x) && x == -15);
    assert_true(bco_record_number_text(r, "n", &text, &length));
    assert_string_equal(text, "-1.50e1");
    assert_true(bco_record_number(r, "big", &x) && x == -HUGE_VAL);
    assert_true(bco_record_bool(r, "b", &b) && b);
    assert_false(bco_record_bool(r, "n", &b));
    assert_false(bco_record_number(r, "t", &x));
    assert_false(bco_record_text(r, "none", &text, &length));
    assert_int_equal(bco_record_kind(r, "z"), BCO_NULL);
    assert_int_equal(bco_record_kind(r, "l"), BCO_LIST);
    assert_int_equal(bco_record_kind(r, "o"), BCO_OBJECT);
    assert_true(bco_record_number(r, "d.e", &x) && x == 7);
    assert_true(bco_record_number(r, "o.x.y", &x) && x == 1);
    assert_true(bco_record_text(r, "o.x.z.1.q", &text, &length));
    assert_string_equal(text, "r\"");
    assert_true(bco_record_text(r, "o.x.z.0", &text, &length));
    assert_string_equal(text, "p");
    static const char *const missing[] = {"", ".", "o.", "o..", "o.x.z.2", "o.x.z.00", "o.x.z.-1", "t.0", "l.0", "O"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_int_equal(bco_record_kind(r, missing[i]), BCO_MISSING);
    bco_record_free(r);
    bco_record_free(NULL);
}

static void gives_json(void **state) {
    struct bco_record *r = parse("{ \"m\" : [ { \"role\" : \"user\", \"content\":\"\\u00e9 x\" } ], \"e\":\"\\/\" }");
    size_t length;
    (void)state;
    char *text = bco_record_json(r, "m", &length);
    assert_string_equal(text, "[{\"role\":\"user\",\"content\":\"\\u00e9 x\"}]");
    assert_int_equal(length, strlen(text));
    free(text);
    text = bco_record_canonical(r, "m", &length);
    assert_string_equal(text, "[{\"content\":\"\xC3\xA9 x\",\"role\":\"user\"}]");
    free(text);
    assert_null(bco_record_json(r, "none", &length));
    assert_null(bco_record_canonical(r, "none", &length));
    bco_record_free(r);
}

static void reads_ids(void **state) {
    static const struct {
        const char *json, *error;
    } bad[] = {
        {"{\"b\":1}", "field 'a': is missing, the record has b"},
        {"{}", "field 'a': is missing, the record has no fields"},
        {"{\"a\":5}", "field 'a': is not a list of token ids, got a number"},
        {"{\"a\":[1,2.0]}", "field 'a': item 2 is no token id, got '2.0', expected 0 to 2147483647"},
        {"{\"a\":[-1]}", "field 'a': item 1 is no token id, got '-1', expected 0 to 2147483647"},
        {"{\"a\":[2147483648]}", "field 'a': item 1 is no token id, got '2147483648', expected 0 to 2147483647"},
        {"{\"a\":[\"1\"]}", "field 'a': item 1 is no token id, got '\"1\"', expected 0 to 2147483647"},
    };
    struct bco_record *r = parse("{\"a\":[ 0, 2147483647 ,5],\"e\":[]}");
    struct bco_error err;
    int32_t *ids;
    size_t count;
    char text[2500];
    (void)state;
    assert_int_equal(bco_record_ids(r, "a", &ids, &count, &err), BCO_OK);
    assert_true(count == 3 && ids[0] == 0 && ids[1] == INT32_MAX && ids[2] == 5);
    free(ids);
    assert_int_equal(bco_record_ids(r, "e", &ids, &count, &err), BCO_OK);
    assert_int_equal(count, 0);
    free(ids);
    bco_record_free(r);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r = parse(bad[i].json);
        assert_int_equal(bco_record_ids(r, "a", &ids, &count, &err), BCO_EDATA);
        bco_error_format(&err, text, sizeof text);
        assert_string_equal(text, bad[i].error);
        assert_null(ids);
        bco_record_free(r);
    }
}

/* ---- samples ------------------------------------------------------------------------------ */

static void refuses_samples(void **state) {
    static const struct {
        const char *json, *error;
    } bad[] = {
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":2}",
         "field 'label': is not a label, got '2', expected true, false, 1 or 0"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":\"True\"}",
         "field 'label': is not a label, got '\"True\"', expected true, false, 1 or 0"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":1.0}",
         "field 'label': is not a label, got '1.0', expected true, false, 1 or 0"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":null}",
         "field 'label': is not a label, got 'null', expected true, false, 1 or 0"},
        {"{\"prompt\":\"p\",\"completion\":\"c\"}", "field 'label': is missing, the record has prompt, completion"},
        {"{\"prompt\":\"p\",\"response\":\"c\",\"stars\":1,\"label\":true}",
         "field 'completion': is missing, the record has prompt, response, stars, label"},
        {"{\"prompt\":\"p\",\"rejected\":\"c\"}", "field 'chosen': is missing, the record has prompt, rejected"},
        {"{\"prompt\":\"\",\"completion\":\"c\",\"label\":true}", "field 'prompt': is empty"},
        {"{\"prompt\":\"p\",\"completion\":\"\",\"label\":true}", "field 'completion': is empty"},
        {"{\"prompt\":\"p\",\"completion\":5,\"label\":true}",
         "field 'completion': is not a text, got '5', expected a text or a list of messages"},
        {"{\"prompt\":[],\"completion\":\"c\",\"label\":true}", "field 'prompt': is an empty list"},
        {"{\"prompt\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\", \"content\":1}],\"completion\":\"c\"}",
         "field 'prompt': item 2 is no message, got '{\"role\":\"user\",\"content\":1}', expected an object with the "
         "texts role and content"},
        {"{\"prompt\":[\"x\"],\"completion\":\"c\"}",
         "field 'prompt': item 1 is no message, got '\"x\"', expected an object with the texts role and content"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":true,\"weight\":-1}",
         "field 'weight': is not a weight, got '-1', expected a finite number from 0 on"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":true,\"weight\":1e999}",
         "field 'weight': is not a weight, got '1e999', expected a finite number from 0 on"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":true,\"weight\":\"1\"}",
         "field 'weight': is not a weight, got '\"1\"', expected a finite number from 0 on, not a text as in CSV; "
         "pair2bin --weight-field reads those of pairs"},
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
         "\"n\":1}",
         "field 'prompt': is missing, the record has a, b, c, d, e, f, g, h, i, j, k, l and 2 more"},
        {"{\"prompt\":{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"},"
         "\"completion\":\"c\"}",
         "field 'prompt': is not a text, got "
         "'{\"a\":\"012345678901234567890123456789012345678901234567890123...', expected a text or a list of messages"},
    };
    static const struct bco_sample_options options = {.need_label = true};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bco_record *r = parse(bad[i].json);
        struct bco_sample sample;
        struct bco_error err;
        char text[2500];
        assert_int_equal(bco_record_sample(r, &options, &sample, &err), BCO_EDATA);
        bco_error_format(&err, text, sizeof text);
        assert_string_equal(text, bad[i].error);
        bco_record_free(r);
    }
}

static void reads_samples(void **state) {
    static const struct bco_sample_options labelled = {.need_label = true}, any = {0}, ids = {.ids = true};
    struct bco_sample s;
    (void)state;
    struct bco_record *r = parse("{\"prompt\":\"p\\n\",\"completion\":\"c\",\"label\":0,\"weight\":2.5}");
    assert_int_equal(bco_record_sample(r, &labelled, &s, NULL), BCO_OK);
    assert_true(!s.is_pair && s.has_label && !s.label && s.weight == 2.5 && !s.prompt.messages);
    assert_string_equal(s.prompt.text, "p\n");
    assert_string_equal(s.completion.text, "c");
    bco_record_free(r);
    r = parse("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\"}");
    assert_int_equal(bco_record_sample(r, &labelled, &s, NULL), BCO_OK);
    assert_true(s.is_pair && s.weight == 1);
    assert_string_equal(s.completion.text, "c");
    assert_string_equal(s.rejected.text, "r");
    bco_record_free(r);
    r = parse("{\"prompt\":[{\"role\":\"user\",\"content\":\"x\"}],\"completion\":\"c\"}");
    assert_int_equal(bco_record_sample(r, &any, &s, NULL), BCO_OK);
    assert_true(s.prompt.messages && !s.has_label && s.prompt.length == 31);
    assert_memory_equal(s.prompt.text, "[{\"role\":\"user\",\"content\":\"x\"}]", 31);
    bco_record_free(r);
    r = parse("{\"prompt\":[{\"\\u0072ole\":\"user\",\"c\\u006fntent\":\"\"}],\"completion\":\"c\"}");
    assert_int_equal(bco_record_sample(r, &any, &s, NULL), BCO_OK);
    bco_record_free(r);
    r = parse("{\"prompt_ids\":[1],\"chosen_ids\":[2],\"rejected_ids\":[3]}");
    assert_int_equal(bco_record_sample(r, &ids, &s, NULL), BCO_OK);
    assert_true(s.is_pair);
    bco_record_free(r);
    r = parse("{\"prompt_ids\":[1],\"completion_ids\":[2],\"label\":1}");
    assert_int_equal(bco_record_sample(r, &ids, &s, NULL), BCO_OK);
    assert_true(!s.is_pair && s.label);
    bco_record_free(r);
}

/* ---- changing ------------------------------------------------------------------------------- */

static void assert_json(const struct bco_record *record, const char *expected) {
    size_t length;
    char *json = bco_record_json(record, NULL, &length);
    assert_non_null(json);
    assert_string_equal(json, expected);
    free(json);
}

static void changes_fields(void **state) {
    struct bco_record *r = parse("{\"response\":\"c\",\"rating\" : 4.0,\"x\\u0079\": [ 1 ]}");
    struct bco_error err;
    const char *text;
    size_t length;
    (void)state;
    assert_int_equal(bco_record_rename(r, "response", "completion", &err), BCO_OK);
    assert_int_equal(bco_record_rename(r, "none", "more", &err), BCO_OK);
    assert_int_equal(bco_record_set_bool(r, "label", true, &err), BCO_OK);
    assert_json(r, "{\"completion\":\"c\",\"rating\":4.0,\"x\\u0079\":[1],\"label\":true}");
    assert_int_equal(bco_record_set_bool(r, "rating", false, &err), BCO_OK);
    assert_int_equal(bco_record_set_text(r, "xy", "a\"\0b", 4, &err), BCO_OK);
    assert_true(bco_record_text(r, "xy", &text, &length));
    assert_int_equal(length, 4);
    assert_memory_equal(text, "a\"\0b", 5);
    assert_int_equal(bco_record_set_number(r, "n", 0.1, &err), BCO_OK);
    assert_int_equal(bco_record_set_number(r, "nan", NAN, &err), BCO_OK);
    assert_int_equal(bco_record_set_json(r, "j\"", "{ \"k\": [1, 2] }", 15, &err), BCO_OK);
    assert_json(r, "{\"completion\":\"c\",\"rating\":false,\"x\\u0079\":\"a\\\"\\u0000b\",\"label\":true,\"n\":0.1,"
                   "\"nan\":null,\"j\\\"\":{\"k\":[1,2]}}");
    double k;
    assert_true(bco_record_number(r, "j\".k.1", &k) && k == 2);
    assert_int_equal(bco_record_rename(r, "n", "label", &err), BCO_EDATA);
    assert_string_equal(err.field, "label");
    assert_string_equal(err.message, "is there already, and 'n' cannot be renamed to it");
    assert_int_equal(bco_record_remove(r, "completion", &err), BCO_OK);
    assert_int_equal(bco_record_remove(r, "j\"", &err), BCO_OK);
    assert_int_equal(bco_record_remove(r, "none", &err), BCO_OK);
    assert_json(r, "{\"rating\":false,\"x\\u0079\":\"a\\\"\\u0000b\",\"label\":true,\"n\":0.1,\"nan\":null}");
    bco_record_free(r);
    assert_int_equal(bco_record_parse(&r, NULL, 0, &err), BCO_OK);
    assert_json(r, "{}");
    assert_int_equal(bco_record_set_text(r, "a", "", 0, &err), BCO_OK);
    assert_json(r, "{\"a\":\"\"}");
    bco_record_free(r);
    assert_int_equal(bco_record_parse(&r, "[1]", 3, &err), BCO_EDATA);
    assert_null(r);
}

/* ---- any JSON, there and back ------------------------------------------------------------------ */

static uint32_t seed;

static uint32_t draw(uint32_t bound) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % bound;
}

static size_t random_string(char *to) {
    static const char *const parts[] = {"a",       "long run of letters here", "\\n",     "\\\"",
                                        "\\u0000", "\\ud83d\\ude00",           "\\/",     "\xC3\xA9",
                                        " ",       "\xF0\x9F\x98\x80",         "\\u00E9", "}],{["};
    char *p = to;
    *p++ = '"';
    for (uint32_t n = draw(6); n-- > 0;) p += sprintf(p, "%s", parts[draw(12)]);
    *p++ = '"';
    return (size_t)(p - to);
}

static size_t random_value(char *to, int depth) {
    static const char *const scalars[] = {"true",      "false",           "null", "0", "-0.0", "1.0", "1e400",
                                          "-12.50E-3", "9007199254740993"};
    uint32_t kind = draw(depth > 3 ? 2 : 4);
    char *p = to;
    if (kind == 0) return (size_t)sprintf(to, "%s", scalars[draw(9)]);
    if (kind == 1) return random_string(to);
    *p++ = kind == 2 ? '[' : '{';
    for (uint32_t i = 0, n = draw(4); i < n; i++) {
        if (i) p += sprintf(p, " , ");
        if (kind == 3) p += sprintf(p, "\"k%u\\n\" :\t", i);
        p += random_value(p, depth + 1);
    }
    *p++ = kind == 2 ? ']' : '}';
    return (size_t)(p - to);
}

static void keeps_any_json(void **state) {
    static char text[1 << 16];
    (void)state;
    for (seed = 1; seed < 3000; seed += 1) {
        uint32_t kept = seed;
        char *p = text + sprintf(text, "{\"a\":");
        size_t length;
        p += random_value(p, 0);
        p += sprintf(p, " , \"b\": ");
        p += random_string(p);
        p += sprintf(p, "}");
        struct bco_record *r = parse(text);
        char *json = bco_record_json(r, NULL, &length);
        yyjson_doc *before = yyjson_read(text, (size_t)(p - text), YYJSON_READ_NUMBER_AS_RAW);
        yyjson_doc *after = yyjson_read(json, length, YYJSON_READ_NUMBER_AS_RAW);
        assert_true(yyjson_equals(yyjson_doc_get_root(before), yyjson_doc_get_root(after)));
        const char *b;
        assert_true(bco_record_text(r, "b", &b, &length));
        yyjson_val *wanted = yyjson_obj_get(yyjson_doc_get_root(before), "b");
        assert_int_equal(length, yyjson_get_len(wanted));
        assert_memory_equal(b, yyjson_get_str(wanted), length);
        yyjson_doc_free(before);
        yyjson_doc_free(after);
        free(json);
        bco_record_free(r);
        seed = kept;
    }
}

/* ---- writing -------------------------------------------------------------------------------------- */

static void writes_rejects(void **state) {
    struct bco_writer *writer;
    struct bco_error reason = {
        .code = BCO_EDATA, .file = "in\xFF.csv", .line = 7, .field = "label", .message = "is \"bad\""};
    const char *path = new_file(".jsonl", "", 0);
    size_t length;
    (void)state;
    assert_int_equal(bco_writer_open(&writer, path, NULL), BCO_OK);
    assert_int_equal(bco_writer_reject(writer, &reason, "{\"label\":2}", 11, NULL), BCO_OK);
    assert_int_equal(bco_writer_reject(writer, &reason, "a\xE4\xB8\0z", 5, NULL), BCO_OK);
    assert_int_equal(bco_writer_reject(writer, &reason, "\xFF", 1, NULL), BCO_OK);
    assert_int_equal(bco_writer_close(writer, NULL), BCO_OK);
    char *text = read_file(path, &length);
#define HEAD "{\"file\":\"in\xEF\xBF\xBD.csv\",\"line\":7,\"reason\":\"field 'label': is \\\"bad\\\"\",\"record\":"
    assert_string_equal(text, HEAD "\"{\\\"label\\\":2}\"}\n" HEAD
                                   "\"a\xEF\xBF\xBD\\u0000z\",\"record_base64\":\"YeS4AHo=\"}\n" HEAD
                                   "\"\xEF\xBF\xBD\",\"record_base64\":\"/w==\"}\n");
    free(text);
    unlink(path);
}

static void reports_a_full_disk(void **state) {
    struct bco_writer *writer;
    struct bco_error err;
    struct bco_record *r = parse("{\"a\":\"0123456789012345678901234567890123456789\"}");
    enum bco_code code = BCO_OK;
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    assert_int_equal(bco_writer_open(&writer, "/dev/full", &err), BCO_OK);
    for (int i = 0; i < 100000 && !code; i++) code = bco_writer_record(writer, r, &err);
    assert_int_equal(code, BCO_ESYSTEM);
    assert_string_equal(err.message, "cannot write: No space left on device");
    bco_writer_discard(writer);
    bco_writer_discard(NULL);
    bco_remove_temporary_files();
    bco_record_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_json_lines),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(reads_tables),
        cmocka_unit_test(knows_the_format),
        cmocka_unit_test(reads_several_inputs),
        cmocka_unit_test(reads_far_ahead),
        cmocka_unit_test(reads_a_pipe_and_leaves_it),
        cmocka_unit_test(tells_whether_a_record_has_come),
        cmocka_unit_test(looks_at_fields),
        cmocka_unit_test(gives_json),
        cmocka_unit_test(reads_ids),
        cmocka_unit_test(refuses_samples),
        cmocka_unit_test(reads_samples),
        cmocka_unit_test(changes_fields),
        cmocka_unit_test(keeps_any_json),
        cmocka_unit_test(writes_rejects),
        cmocka_unit_test(reports_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

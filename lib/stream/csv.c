#include "stream/csv.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/utf8.h"

#include <csv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct column {
    struct bco_buf name;
    struct bco_buf json; /* `,"name":` */
};

struct bco_csv {
    struct csv_parser parser;
    char delimiter;
    struct column *columns;
    size_t count, capacity;
    bool failed;          /* of memory, in a callback, which cannot return it */
    struct bco_buf field; /* with doubled quotes made single */
    size_t fields;        /* of this row */
    struct bco_buf *json; /* of this row */
    struct bco_csv_spans *spans;
};

/* libcsv drops blanks around unquoted fields unless nothing is a blank. */
static int no_blank(unsigned char c) {
    (void)c;
    return 0;
}

static bool start_parser(struct bco_csv *csv) {
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) return false;
    csv_set_delim(&csv->parser, (unsigned char)csv->delimiter);
    csv_set_space_func(&csv->parser, no_blank);
    csv_set_blk_size(&csv->parser, 1 << 14);
    return true;
}

struct bco_csv *bco_csv_new(char delimiter) {
    struct bco_csv *csv = bco_calloc(1, sizeof *csv);
    if (!csv) return NULL;
    csv->delimiter = delimiter;
    if (start_parser(csv)) return csv;
    free(csv);
    return NULL;
}

void bco_csv_free(struct bco_csv *csv) {
    if (!csv) return;
    for (size_t i = 0; i < csv->count; i++) {
        bco_buf_free(&csv->columns[i].name);
        bco_buf_free(&csv->columns[i].json);
    }
    free(csv->columns);
    bco_buf_free(&csv->field);
    csv_free(&csv->parser);
    free(csv);
}

static void header_field(void *text, size_t length, void *user) {
    struct bco_csv *csv = user;
    if (!bco_grow((void **)&csv->columns, &csv->capacity, csv->count + 1, sizeof *csv->columns)) {
        csv->failed = true;
        return;
    }
    struct column *column = &csv->columns[csv->count++];
    *column = (struct column){0};
    bco_buf_add(&column->name, text, length);
    bco_buf_char(&column->json, ',');
    bco_buf_json_string(&column->json, text, length);
    bco_buf_char(&column->json, ':');
    csv->failed |= column->name.failed || column->json.failed;
}

static void row_field(void *text, size_t length, void *user) {
    struct bco_csv *csv = user;
    struct bco_csv_spans *spans = csv->spans;
    if (csv->fields++ >= csv->count) return;
    if (!bco_grow((void **)&spans->items, &spans->capacity, spans->count + 1, sizeof *spans->items)) {
        csv->failed = true;
        return;
    }
    const struct column *column = &csv->columns[csv->fields - 1];
    struct bco_csv_span *span = &spans->items[spans->count++];
    size_t comma = csv->fields == 1; /* the first has none */
    span->name_length = column->json.length - strlen(",\"\":");
    span->name_escaped = span->name_length != column->name.length;
    bco_buf_add(csv->json, column->json.data + comma, column->json.length - comma);
    span->name = csv->json->length - span->name_length - strlen("\":");
    span->value = csv->json->length;
    bco_buf_json_string(csv->json, text, length);
    span->value_length = csv->json->length - span->value;
    span->escaped = span->value_length != length + 2;
}

struct bco_json_member bco_csv_member(const struct bco_csv_span *span, const char *json) {
    return (struct bco_json_member){.key = json + span->name,
                                    .key_length = span->name_length,
                                    .value = json + span->value,
                                    .value_length = span->value_length,
                                    .kind = BCO_TEXT,
                                    .key_escaped = span->name_escaped,
                                    .escaped = span->escaped};
}

static enum bco_code explain(struct bco_csv *csv, const char *row, size_t at, struct bco_error *err) {
    int error = csv_error(&csv->parser);
    csv_free(&csv->parser);
    if (!start_parser(csv) || error == CSV_ENOMEM || error == CSV_ETOOBIG) return bco_fail_memory(err);
    const char *what = row[at] == '"' ? "a quote inside an unquoted field" : "text behind a closing quote";
    return bco_fail(err, BCO_EDATA, "%s, at byte %zu of the row", what, at + 1);
}

/* A field from its opening quote on; *at moves behind the closing one. */
static bool unquote(struct bco_csv *csv, const char **at, const char *end, const char **text, size_t *length) {
    const char *from = *at + 1;
    bco_buf_clear(&csv->field);
    for (bool doubled = true; doubled;) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        if (!quote) return false;
        doubled = quote + 1 < end && quote[1] == '"';
        *text = from;
        *length = (size_t)(quote - from);
        if (doubled || csv->field.length) bco_buf_add(&csv->field, from, *length + doubled);
        from = quote + 1 + doubled;
    }
    if (csv->field.length) {
        *text = csv->field.data;
        *length = csv->field.length;
    }
    csv->failed |= csv->field.failed;
    *at = from;
    return true;
}

/* A row as RFC 4180 has it, without libcsv, which looks at every byte. False: something is wrong with it. */
static bool parse_good(struct bco_csv *csv, const char *row, size_t length, void (*field)(void *, size_t, void *)) {
    const char *end = row + length;
    for (const char *at = row;; at++) {
        const char *text = at;
        size_t size;
        if (at < end && *at == '"') {
            if (!unquote(csv, &at, end, &text, &size)) return false;
        } else {
            const char *next = memchr(at, csv->delimiter, (size_t)(end - at));
            at = next ? next : end;
            size = (size_t)(at - text);
            if (memchr(text, '"', size)) return false;
        }
        field((void *)(uintptr_t)text, size, csv); /* libcsv's callback takes no const */
        if (at == end) return true;
        if (*at != csv->delimiter) return false;
    }
}

static enum bco_code parse(struct bco_csv *csv, const char *row, size_t length, void (*field)(void *, size_t, void *),
                           struct bco_error *err) {
    size_t good = bco_utf8_good(row, length);
    if (good < length) return bco_fail(err, BCO_EDATA, "the row is not UTF-8, at its byte %zu", good + 1);
    csv->failed = false;
    csv->fields = 0;
    size_t before = csv->json ? csv->json->length : 0, spans = csv->json ? csv->spans->count : 0;
    if (csv->json && parse_good(csv, row, length, field)) return csv->failed ? bco_fail_memory(err) : BCO_OK;
    if (csv->json) {
        csv->json->length = before;
        csv->spans->count = spans;
    }
    csv->fields = 0;
    size_t done = csv_parse(&csv->parser, row, length, field, NULL, csv);
    if (done != length) return explain(csv, row, done, err);
    if (csv_fini(&csv->parser, field, NULL, csv) != 0) return explain(csv, row, length - 1, err);
    return csv->failed ? bco_fail_memory(err) : BCO_OK;
}

static int by_name(const void *left, const void *right) {
    const struct bco_buf *a = &(*(struct column *const *)left)->name, *b = &(*(struct column *const *)right)->name;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return a->length ? memcmp(a->data, b->data, a->length) : 0;
}

static enum bco_code names_unique(const struct bco_csv *csv, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    const struct column **sorted = bco_malloc(csv->count, sizeof *sorted);
    if (!sorted) return bco_fail_memory(err);
    for (size_t i = 0; i < csv->count; i++) sorted[i] = &csv->columns[i];
    qsort(sorted, csv->count, sizeof *sorted, by_name);
    for (size_t i = 1; i < csv->count && !code; i++)
        if (by_name(&sorted[i - 1], &sorted[i]) == 0) {
            const char *name = sorted[i]->name.length ? sorted[i]->name.data : "";
            code = bco_fail_at(err, BCO_EDATA, NULL, 0, NULL, "the header has the name '%s' twice", name);
        }
    free(sorted);
    return code;
}

enum bco_code bco_csv_header(struct bco_csv *csv, const char *row, size_t length, struct bco_error *err) {
    enum bco_code code = parse(csv, row, length, header_field, err);
    return code ? code : names_unique(csv, err);
}

enum bco_code bco_csv_row(struct bco_csv *csv, const char *row, size_t length, struct bco_buf *json,
                          struct bco_csv_spans *spans, struct bco_error *err) {
    size_t before = json->length, count = spans->count;
    csv->json = json;
    csv->spans = spans;
    bco_buf_char(json, '{');
    enum bco_code code = parse(csv, row, length, row_field, err);
    bco_buf_char(json, '}');
    if (!code && json->failed) return bco_fail_memory(err);
    if (!code && csv->fields != csv->count)
        code = bco_fail(err, BCO_EDATA, "got %zu field%s, expected %zu", csv->fields, csv->fields == 1 ? "" : "s",
                        csv->count);
    if (code && !json->failed) json->length = before;
    if (code) spans->count = count;
    return code;
}

char bco_csv_separator(const char *row, size_t length) {
    return length == 5 && memcmp(row, "sep=", 4) == 0 ? row[4] : '\0';
}

#include "stream/csv.h"

#include "base/fail.h"
#include "base/mem.h"
#include "stream/utf8.h"

#include <csv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
    size_t fields;        /* of this row */
    struct bco_buf *json; /* of this row */
    struct bco_json_scan *scan;
    size_t names; /* bytes of all columns' `json` */
};

enum { LONG_ROW = 1 << 20 }; /* six times as much is not reserved */

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
    csv->names += column->json.length;
}

/* The members lie where the JSON now is; `before` it lay there. */
static void follow(const struct bco_buf *json, uintptr_t before, struct bco_json_scan *scan) {
    if ((uintptr_t)json->data == before) return;
    for (size_t i = 0; i < scan->count; i++) {
        scan->members[i].key = json->data + ((uintptr_t)scan->members[i].key - before);
        scan->members[i].value = json->data + ((uintptr_t)scan->members[i].value - before);
    }
}

bool bco_csv_reserve(struct bco_buf *json, size_t more, struct bco_json_scan *scan) {
    uintptr_t before = (uintptr_t)json->data;
    if (!bco_buf_reserve(json, more)) return false;
    follow(json, before, scan);
    return true;
}

/* The next member's key, with the comma before it and the colon behind it, for which there is room. */
static struct bco_json_member *add_key(struct bco_csv *csv) {
    const struct column *column = &csv->columns[csv->fields];
    struct bco_json_member *member = &csv->scan->members[csv->scan->count++];
    size_t comma = csv->fields++ == 0; /* the first has none */
    char *to = csv->json->data + csv->json->length;
    memcpy(to, column->json.data + comma, column->json.length - comma);
    csv->json->length += column->json.length - comma;
    *member = (struct bco_json_member){.key = to + 2 - comma,
                                       .key_length = column->json.length - strlen(",\"\":"),
                                       .kind = BCO_TEXT,
                                       .key_escaped = column->json.length - strlen(",\"\":") != column->name.length};
    return member;
}

static void row_field(void *text, size_t length, void *user) {
    struct bco_csv *csv = user;
    if (csv->failed || csv->fields >= csv->count) {
        csv->fields++;
        return;
    }
    if (!bco_csv_reserve(csv->json, csv->names, csv->scan)) {
        csv->failed = true;
        return;
    }
    struct bco_json_member *member = add_key(csv);
    size_t start = csv->json->length;
    uintptr_t before = (uintptr_t)csv->json->data;
    member->value = csv->json->data;
    bco_buf_json_string(csv->json, text, length);
    follow(csv->json, before, csv->scan);
    csv->failed |= csv->json->failed;
    member->value += start;
    member->value_length = csv->json->length - start;
    member->escaped = member->value_length != length + 2;
}

static enum bco_code explain(struct bco_csv *csv, const char *row, size_t at, struct bco_error *err) {
    int error = csv_error(&csv->parser);
    csv_free(&csv->parser);
    if (!start_parser(csv) || error == CSV_ENOMEM || error == CSV_ETOOBIG) return bco_fail_memory(err);
    const char *what = row[at] == '"' ? "a quote inside an unquoted field" : "text behind a closing quote";
    return bco_fail(err, BCO_EDATA, "%s, at byte %zu of the row", what, at + 1);
}

static enum bco_code parse(struct bco_csv *csv, const char *row, size_t length, void (*field)(void *, size_t, void *),
                           struct bco_error *err) {
    size_t good = bco_utf8_good(row, length);
    if (good < length) return bco_fail(err, BCO_EDATA, "the row is not UTF-8, at its byte %zu", good + 1);
    csv->failed = false;
    csv->fields = 0;
    size_t done = csv_parse(&csv->parser, row, length, field, NULL, csv);
    if (done != length) return explain(csv, row, done, err);
    if (csv_fini(&csv->parser, field, NULL, csv) != 0) return explain(csv, row, length - 1, err);
    return csv->failed ? bco_fail_memory(err) : BCO_OK;
}

/* ---- good rows, in one pass ------------------------------------------------------------ */

/* What a copy stops at: what may end the field, what JSON escapes, and what is more than ASCII. */
static bool stops(unsigned char c, char mark) {
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\' || c == (unsigned char)mark;
}

/* Copies up to the first byte that stops it, and perhaps 15 bytes more; returns how many bytes stand before it. */
static size_t copy_plain(char *to, const char *from, size_t length, char mark) {
    size_t i = 0;
#ifdef __SSE2__ /* always on x86-64; a table's bytes pass here once */
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' '),
                  end = _mm_set1_epi8(mark);
    for (; length - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), x);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        /* as signed bytes, those from 0x80 on are below the blank too */
        stop = _mm_or_si128(stop, _mm_or_si128(_mm_cmpeq_epi8(x, end), _mm_cmplt_epi8(x, blank)));
        int mask = _mm_movemask_epi8(stop);
        if (mask) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < length && !stops((unsigned char)from[i], mark); i++) to[i] = from[i];
    return i;
}

/* A field as the inside of a JSON string; *at moves behind it and its quotes. NULL: something is wrong with it. */
static char *encode(const struct bco_csv *csv, const char **at, const char *end, char *to, bool *escaped) {
    const char *from = *at;
    bool quoted = from < end && *from == '"';
    char mark = quoted ? '"' : csv->delimiter;
    for (from += quoted;;) {
        size_t plain = copy_plain(to, from, (size_t)(end - from), mark), bytes = 1, made = 0;
        from += plain;
        to += plain;
        *at = from;
        if (from == end) return quoted ? NULL : to;
        unsigned char c = (unsigned char)*from;
        bool doubled = quoted && c == '"' && end - from > 1 && from[1] == '"';
        if (*from == mark && !doubled) {
            *at += quoted;
            return to;
        }
        if (c == '"' && !quoted) return NULL;
        if (c >= 0x80) {
            bytes = made = bco_utf8_character(from, (size_t)(end - from), NULL);
            if (!bytes) return NULL;
            memcpy(to, from, bytes);
        } else {
            made = bco_json_escape(to, c);
            *escaped = true;
        }
        to += made;
        from += bytes + doubled;
    }
}

/* A row as RFC 4180 has it, with as many fields as there are columns. False: libcsv shall say what is wrong. */
static bool encode_row(struct bco_csv *csv, const char *row, size_t length) {
    const char *end = row + length;
    struct bco_json_scan *scan = csv->scan;
    struct bco_buf *json = csv->json;
    if (length > LONG_ROW || csv->delimiter == '"' || (unsigned char)csv->delimiter >= 0x80 ||
        !bco_csv_reserve(json, 6 * length + csv->names + 2 * csv->count + 16, scan) ||
        !bco_grow((void **)&scan->members, &scan->capacity, scan->count + csv->count, sizeof *scan->members))
        return false;
    csv->fields = 0;
    for (const char *at = row;; at++) {
        if (csv->fields == csv->count) return false;
        struct bco_json_member *member = add_key(csv);
        char *value = json->data + json->length;
        *value = '"';
        char *to = encode(csv, &at, end, value + 1, &member->escaped);
        if (!to) return false;
        *to++ = '"';
        member->value = value;
        member->value_length = (size_t)(to - value);
        json->length += member->value_length;
        if (at == end) return csv->fields == csv->count;
        if (*at != csv->delimiter) return false;
    }
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

/* With libcsv, which looks at every byte, and knows what is wrong. */
static enum bco_code parse_row(struct bco_csv *csv, const char *row, size_t length, struct bco_error *err) {
    struct bco_json_scan *scan = csv->scan;
    if (!bco_grow((void **)&scan->members, &scan->capacity, scan->count + csv->count, sizeof *scan->members))
        return bco_fail_memory(err);
    enum bco_code code = parse(csv, row, length, row_field, err);
    if (!code && csv->fields != csv->count)
        code = bco_fail(err, BCO_EDATA, "got %zu field%s, expected %zu", csv->fields, csv->fields == 1 ? "" : "s",
                        csv->count);
    return code;
}

enum bco_code bco_csv_row(struct bco_csv *csv, const char *row, size_t length, struct bco_buf *json,
                          struct bco_json_scan *scan, struct bco_error *err) {
    size_t before = json->length, count = scan->count;
    enum bco_code code = BCO_OK;
    csv->json = json;
    csv->scan = scan;
    if (!bco_csv_reserve(json, 2, scan)) return bco_fail_memory(err);
    json->data[json->length++] = '{';
    if (!encode_row(csv, row, length) && !json->failed) {
        json->length = before + 1;
        scan->count = count;
        code = parse_row(csv, row, length, err);
    }
    if (!json->failed && !bco_csv_reserve(json, 1, scan)) code = bco_fail_memory(err);
    if (json->failed) return code ? code : bco_fail_memory(err);
    json->data[json->length++] = '}';
    json->data[json->length] = '\0';
    if (!code) return BCO_OK;
    json->length = before;
    scan->count = count;
    return code;
}

char bco_csv_separator(const char *row, size_t length) {
    return length == 5 && memcmp(row, "sep=", 4) == 0 ? row[4] : '\0';
}

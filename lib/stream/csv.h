/* Rows of CSV and TSV as JSON objects, on libcsv. */
#ifndef BCO_STREAM_CSV_H
#define BCO_STREAM_CSV_H

#include "base/buf.h"
#include "stream/json.h"

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>

struct bco_csv;

/* Where a field lies in the JSON that rows are appended to: offsets, since the memory moves. */
struct bco_csv_span {
    size_t name, name_length; /* between its quotes */
    size_t value, value_length;
    bool name_escaped, escaped; /* it holds backslashes */
};

struct bco_csv_spans {
    struct bco_csv_span *items;
    size_t count, capacity;
};

/* NULL: out of memory. */
struct bco_csv *bco_csv_new(char delimiter);
void bco_csv_free(struct bco_csv *csv); /* NULL is legal */

/* Takes the row as the names of the columns. BCO_EDATA: broken, or one name twice. Errors have no place. */
enum bco_code bco_csv_header(struct bco_csv *csv, const char *row, size_t length, struct bco_error *err);

/* Appends `{"name":"field",...}`, and a span for each field. `row` is without its newline. On errors both are as they
 * were. */
enum bco_code bco_csv_row(struct bco_csv *csv, const char *row, size_t length, struct bco_buf *json,
                          struct bco_csv_spans *spans, struct bco_error *err);

/* The span as a member of the object in `json`, where all that is appended has been appended. */
struct bco_json_member bco_csv_member(const struct bco_csv_span *span, const char *json);

/* The delimiter that a first line `sep=;` names, or 0. */
char bco_csv_separator(const char *row, size_t length);

#endif

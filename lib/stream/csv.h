/* Rows of CSV and TSV as JSON objects, on libcsv. */
#ifndef BCO_STREAM_CSV_H
#define BCO_STREAM_CSV_H

#include "base/buf.h"
#include "stream/json.h"

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>

struct bco_csv;

/* NULL: out of memory. */
struct bco_csv *bco_csv_new(char delimiter);
void bco_csv_free(struct bco_csv *csv); /* NULL is legal */

/* Takes the row as the names of the columns. BCO_EDATA: broken, or one name twice. Errors have no place. */
enum bco_code bco_csv_header(struct bco_csv *csv, const char *row, size_t length, struct bco_error *err);

/* Appends `{"name":"field",...}` to `json`, and a member for each field to the scan's, all of which lie in `json` and
 * go with it where its memory moves. `row` is without its newline. On errors both are as they were. */
enum bco_code bco_csv_row(struct bco_csv *csv, const char *row, size_t length, struct bco_buf *json,
                          struct bco_json_scan *scan, struct bco_error *err);

/* Makes room for `more` bytes in `json`, where the scan's members lie. False: out of memory. */
bool bco_csv_reserve(struct bco_buf *json, size_t more, struct bco_json_scan *scan);

/* The delimiter that a first line `sep=;` names, or 0. */
char bco_csv_separator(const char *row, size_t length);

#endif

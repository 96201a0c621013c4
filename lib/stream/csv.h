/* Rows of CSV and TSV as JSON objects, on libcsv. */
#ifndef BCO_STREAM_CSV_H
#define BCO_STREAM_CSV_H

#include "base/buf.h"

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>

struct bco_csv;

/* NULL: out of memory. */
struct bco_csv *bco_csv_new(char delimiter);
void bco_csv_free(struct bco_csv *csv); /* NULL is legal */

/* Takes the row as the names of the columns. BCO_EDATA: broken, or one name twice. Errors have no place. */
enum bco_code bco_csv_header(struct bco_csv *csv, const char *row, size_t length, struct bco_error *err);

/* Appends `{"name":"field",...}`. `row` is without its newline. On errors `json` is as it was. */
enum bco_code bco_csv_row(struct bco_csv *csv, const char *row, size_t length, struct bco_buf *json,
                          struct bco_error *err);

/* The delimiter that a first line `sep=;` names, or 0. */
char bco_csv_separator(const char *row, size_t length);

#endif

/* Numbers of records, which CSV has as texts. */
#ifndef BCO_EVAL_COLUMN_H
#define BCO_EVAL_COLUMN_H

#include <bco/record.h>

enum bco_column {
    BCO_COLUMN_MISSING, /* no such field */
    BCO_COLUMN_EMPTY,   /* null, NaN, or nothing between two commas */
    BCO_COLUMN_BAD,     /* something else, infinities too */
    BCO_COLUMN_NUMBER,
};

/* *value: the number, else NaN. Texts are read by JSON's grammar, whatever the locale. */
enum bco_column bco_column_number(const struct bco_record *record, const char *field, double *value);

/* The same where there must be one. BCO_EDATA says what is there instead. */
enum bco_code bco_column_need(const struct bco_record *record, const char *field, double *value, struct bco_error *err);

#endif

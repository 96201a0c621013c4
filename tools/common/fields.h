/* Numbers with names, for a tool's --json. */
#ifndef TOOLS_COMMON_FIELDS_H
#define TOOLS_COMMON_FIELDS_H

#include <bco/record.h>

struct cli_field {
    const char *name;
    double value; /* NaN: null */
};

#define CLI_COUNT_OF(a) (sizeof(a) / sizeof *(a))

/* Sets them in the record, in their order. */
enum bco_code cli_set_fields(struct bco_record *record, const struct cli_field *fields, size_t count,
                             struct bco_error *err);
/* Sets `name` to an object of them. */
enum bco_code cli_set_object(struct bco_record *record, const char *name, const struct cli_field *fields, size_t count,
                             struct bco_error *err);

#endif

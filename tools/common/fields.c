#include "common/fields.h"

#include <stdlib.h>

enum bco_code cli_set_fields(struct bco_record *record, const struct cli_field *fields, size_t count,
                             struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < count; i++)
        code = bco_record_set_number(record, fields[i].name, fields[i].value, err);
    return code;
}

enum bco_code cli_set_object(struct bco_record *record, const char *name, const struct cli_field *fields, size_t count,
                             struct bco_error *err) {
    struct bco_record *object = NULL;
    size_t length;
    enum bco_code code = bco_record_parse(&object, NULL, 0, err);
    if (!code) code = cli_set_fields(object, fields, count, err);
    char *json = code ? NULL : bco_record_json(object, NULL, &length);
    if (!code && !json) *err = (struct bco_error){.code = code = BCO_ESYSTEM, .message = "out of memory"};
    if (!code) code = bco_record_set_json(record, name, json, length, err);
    free(json);
    bco_record_free(object);
    return code;
}

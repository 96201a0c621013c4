/* The fields of a source record that become prompt and completion. */
#ifndef BCO_DATA_FIELDS_H
#define BCO_DATA_FIELDS_H

#include "base/hash.h"

#include <bco/record.h>

/* The fingerprint of a prompt or completion: of the decoded text, or of the list of messages with its keys
 * in order. BCO_EDATA: missing, empty, neither text nor messages. */
enum bco_code bco_field_fingerprint(const struct bco_record *record, const char *field, struct bco_hash *hash,
                                    struct bco_error *err);

/* True when `field` is a key of the record, not a path into it. */
bool bco_field_is_key(const struct bco_record *record, const char *field);

/* The field `source` becomes `target`: renamed in place where it is a key, copied to the end where it is a
 * path. */
enum bco_code bco_field_move(struct bco_record *record, const char *source, const char *target, struct bco_error *err);

#endif

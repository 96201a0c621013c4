/* The fields of a source record that become prompt and completion. */
#ifndef BCO_DATA_FIELDS_H
#define BCO_DATA_FIELDS_H

#include "base/buf.h"
#include "base/hash.h"

#include <bco/record.h>

/* A prompt or completion. Its text belongs to the record. */
struct bco_value {
    const char *field; /* key or path, as the user said it */
    bool messages;     /* `text` is the JSON text of a list of messages */
    bool stripped;     /* `text` is less than what the record holds */
    const char *text;
    size_t length; /* bytes */
};

/* BCO_EDATA: missing, empty (after `strip`, which takes outer blanks off a text), neither text nor messages. */
enum bco_code bco_value_read(const struct bco_record *record, const char *field, bool strip, struct bco_value *value,
                             struct bco_error *err);

/* Of a field that was found under the name `field`. */
struct bco_field;
enum bco_code bco_value_of(const struct bco_record *record, const char *field, const struct bco_field *found,
                           bool strip, struct bco_value *value, struct bco_error *err);

/* Takes outer blanks (Unicode's White_Space) off a text; messages stay. BCO_EDATA: nothing is left. */
enum bco_code bco_value_strip(const struct bco_record *record, struct bco_value *value, struct bco_error *err);

/* Of the decoded text, or of the list with the keys of its messages in order. */
enum bco_code bco_value_hash(const struct bco_value *value, struct bco_hash *hash, struct bco_error *err);

/* Code points; of messages, of all contents together. */
size_t bco_value_characters(const struct bco_value *value);

/* The value becomes the field `target`: renamed in place where it is a key, copied to the end where it is a path. */
enum bco_code bco_value_move(struct bco_record *record, const struct bco_value *value, const char *target,
                             struct bco_error *err);

/* BCO_EDATA: `target` is a key that is there already and is none of `sources` (NULL at the end), whose place or name
 * it may take. */
enum bco_code bco_target_check(const struct bco_record *record, const char *target, const char *const *sources,
                               struct bco_error *err);

/* Each field has one use: BCO_EUSAGE where two of `count` fields (NULL: none) are the same, naming their options. */
enum bco_code bco_fields_differ(const char *const *options, const char *const *fields, size_t count,
                                struct bco_error *err);

/* Any value as a text: of a list or an object its JSON. `room` holds what is made for it. False: missing. */
bool bco_field_spell(const struct bco_record *record, const char *field, struct bco_buf *room, const char **text,
                     size_t *length);

/* The fingerprint of any value: of a text's characters, else of its JSON with keys in order. BCO_EDATA: missing. */
enum bco_code bco_field_hash(const struct bco_record *record, const char *field, struct bco_hash *hash,
                             struct bco_error *err);

/* A weight: a finite number of 0 or more, or a text that is one (of CSV). BCO_EDATA: anything else; missing too. */
enum bco_code bco_field_weight(const struct bco_record *record, const char *field, double *weight,
                               struct bco_error *err);

#endif

/* Inside of a record: spans of JSON text, in order. What changes a record
 * changes the list of spans; the text itself is never written to. */
#ifndef BCO_DATA_RECORD_H
#define BCO_DATA_RECORD_H

#include "base/buf.h"
#include "stream/json.h"

#include <bco/record.h>

struct bco_field {
    const char *name; /* decoded; not terminated */
    size_t name_length;
    const char *key; /* as JSON text, between its quotes */
    size_t key_length;
    const char *value; /* JSON text */
    size_t value_length;
    enum bco_kind kind;
    bool escaped, blanks; /* as in struct bco_json_member */
    char *decoded;        /* room for value_length + 1 bytes: byte i of `value` decodes to byte i here or before */
};

/* Memory of one record, given back all at once. */
struct bco_block {
    struct bco_block *next;
    char bytes[];
};

struct bco_record {
    const char *file;
    size_t line;
    uint64_t shape; /* records of one reader have the same where they came with the same keys in the same order; 0:
                       unknown */
    struct bco_field *fields;
    size_t count, capacity;
    char *shadow; /* as long as the text: the place where values are decoded */
    size_t shadow_capacity;
    struct bco_block *blocks; /* what setters made, */
    char room[256];           /* where it does not fit in here */
    size_t room_used;
    char *own; /* of bco_record_parse: the text */
    struct bco_json_scan scan;
};

/* Makes the record one of `count` members found in `text` of `length` bytes, which must stay. */
enum bco_code bco_record_fill(struct bco_record *record, const char *text, size_t length,
                              const struct bco_json_member *members, size_t count, struct bco_error *err);
void bco_record_clear(struct bco_record *record);   /* gives back what setters made */
void bco_record_release(struct bco_record *record); /* all it owns, but not itself */

/* True when it is a key of the record, not a path into it. */
bool bco_record_has(const struct bco_record *record, const char *key);

/* The place in `fields` of a key, or BCO_NOWHERE. */
#define BCO_NOWHERE SIZE_MAX
size_t bco_record_place(const struct bco_record *record, const char *key);

/* Gives the field another name, which JSON needs no escapes for and which stays. */
void bco_record_call(struct bco_record *record, size_t place, const char *name);

/* The same as bco_record_set_bool for a place, or BCO_NOWHERE for a field that is not there yet. */
enum bco_code bco_record_put_bool(struct bco_record *record, size_t place, const char *name, bool value,
                                  struct bco_error *err);

/* The member that a key or a dotted path names. False: missing. */
bool bco_record_find(const struct bco_record *record, const char *field, struct bco_field *found);

/* Of a field that is a number, or a text: terminated, the text decoded. */
void bco_field_number_text(const struct bco_field *field, const char **text, size_t *length);
void bco_field_text(const struct bco_field *field, const char **text, size_t *length);

/* A prompt or completion: a text that is not empty, or a list of messages, each with the texts role and content.
 * BCO_EDATA: anything else; missing too. */
enum bco_code bco_record_find_text(const struct bco_record *record, const char *name, struct bco_field *field,
                                   struct bco_error *err);

/* Of a field that was found. */
enum bco_code bco_record_check_text(const struct bco_record *record, const char *name, const struct bco_field *field,
                                    struct bco_error *err);

/* The same as it is read: decoded, or the JSON text of the messages. */
enum bco_code bco_record_get_text(const struct bco_record *record, const char *name, struct bco_text *text,
                                  struct bco_error *err);

/* A weight: a finite number of 0 or more; 1 where the field is missing. BCO_EDATA: anything else. */
enum bco_code bco_record_weight(const struct bco_record *record, const char *name, double *weight,
                                struct bco_error *err);

/* The start of the value's JSON text, for "got '...'", cut to a sensible length. */
void bco_record_show(const struct bco_field *field, struct bco_buf *text);

/* Appends the record as one line, without the newline. */
void bco_record_write(const struct bco_record *record, struct bco_buf *to);

/* How much of the inputs was read for the records so far, roughly: above 0 up to 1, or 0 where an input is not a plain
 * file. */
double bco_reader_share(const struct bco_reader *reader);

/* What a writer writes to. */
struct bco_output *bco_writer_output(struct bco_writer *writer);

#endif

/* Records: JSON objects that come in one a line (or as a table's row, or an
 * array's element), are read by field, changed, and go out again with every
 * other field untouched and in place. The format: bco-records(5). */
#ifndef BCO_RECORD_H
#define BCO_RECORD_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ---------------------------------------------------------- */

/* TEXT: every line, an empty one too, is a record {"text": "..."}; STRINGS: the same
 * with each line a JSON string. AUTO never means these two. */
enum bco_format {
    BCO_FORMAT_AUTO,
    BCO_FORMAT_CSV,
    BCO_FORMAT_TSV,
    BCO_FORMAT_JSON,
    BCO_FORMAT_JSONL,
    BCO_FORMAT_TEXT,
    BCO_FORMAT_STRINGS
};

struct bco_reader_options {
    enum bco_format format; /* BCO_FORMAT_AUTO: by name, else by the first byte (bco-records(5)) */
    char delimiter;         /* of CSV; 0: a comma, or what a first line `sep=;` says */
    bool ahead;             /* a thread waits for inputs that are no plain files, so that bco_reader_ready can tell */
};

/* One record with the place it came from. It belongs to its reader and holds
 * until the next call of bco_reader_next or bco_reader_close. */
struct bco_record;
struct bco_reader;

/* Opens `count` inputs, to be read one after the other; zstd and gzip are known
 * by their first bytes; "-" is standard input, and so is count 0. `options`
 * NULL: the defaults. The strings are copied. */
BCO_API enum bco_code bco_reader_open(struct bco_reader **reader, const char *const *paths, size_t count,
                                      const struct bco_reader_options *options, struct bco_error *err);

/* The next record, or *record NULL at the end. BCO_EDATA: this record is broken,
 * err says where; the next call goes on behind it (bco_reader_raw then gives the
 * text of the broken one). Where bco_reader_fatal is true nothing more comes from
 * this input, and the next call goes on with the next one. */
BCO_API enum bco_code bco_reader_next(struct bco_reader *reader, struct bco_record **record, struct bco_error *err);

/* False where bco_reader_next would have to wait for what a pipe or a terminal has not given yet; true at the end,
 * before the first record, and always where the reader was opened without `ahead`. */
BCO_API bool bco_reader_ready(struct bco_reader *reader);

/* The bytes of the record the last call of bco_reader_next gave or refused, as
 * they stood in the input (a line without its newline, a CSV row, an element). */
BCO_API const char *bco_reader_raw(const struct bco_reader *reader, size_t *length);

/* True when the last error ends this input for good: a JSON list broken in the
 * middle, a compressed stream cut short, a failed read. It cannot be rejected as a record can. */
BCO_API bool bco_reader_fatal(const struct bco_reader *reader);

BCO_API void bco_reader_close(struct bco_reader *reader); /* NULL is legal */

/* ---- looking ---------------------------------------------------------- */

BCO_API const char *bco_record_file(const struct bco_record *record);
BCO_API size_t bco_record_line(const struct bco_record *record); /* 1-based; of its first byte */

enum bco_kind { BCO_MISSING, BCO_NULL, BCO_BOOL, BCO_NUMBER, BCO_TEXT, BCO_LIST, BCO_OBJECT };

/* `field` is a key, or a dotted path ("a.b.0") where no such key is there. What is
 * not of the asked-for kind gives false and leaves the value alone. Texts hold
 * until the record changes. */
BCO_API enum bco_kind bco_record_kind(const struct bco_record *record, const char *field);
BCO_API bool bco_record_bool(const struct bco_record *record, const char *field, bool *value);
/* Too large for a double: an infinity. */
BCO_API bool bco_record_number(const struct bco_record *record, const char *field, double *value);
/* UTF-8, terminated, but it may hold NUL bytes: use the length. */
BCO_API bool bco_record_text(const struct bco_record *record, const char *field, const char **text, size_t *length);
/* The number as it stood in the input ("1.0", "1e400"). */
BCO_API bool bco_record_number_text(const struct bco_record *record, const char *field, const char **text,
                                    size_t *length);
/* A list of whole numbers from 0 to 2^31-1; *ids is allocated, the caller frees it. */
BCO_API enum bco_code bco_record_ids(const struct bco_record *record, const char *field, int32_t **ids, size_t *count,
                                     struct bco_error *err);
/* Any value as JSON text on one line, allocated, the caller frees it; NULL: missing,
 * or out of memory. `field` NULL: the whole record. */
BCO_API char *bco_record_json(const struct bco_record *record, const char *field, size_t *length);
/* The same with every object's keys in the order of their bytes and strings in one
 * spelling: equal values have equal texts. For fingerprints. */
BCO_API char *bco_record_canonical(const struct bco_record *record, const char *field, size_t *length);

/* BCO_EDATA about this record: file, line and field filled in. */
BCO_API enum bco_code bco_record_fail(const struct bco_record *record, const char *field, struct bco_error *err,
                                      const char *format, ...) BCO_PRINTF(4, 5);

/* The same for a field that is not there: "is missing, the record has a, b, c". */
BCO_API enum bco_code bco_record_missing(const struct bco_record *record, const char *field, struct bco_error *err);

/* ---- binary and pair records ------------------------------------------- */

/* What a binary or pair record says, checked. Text belongs to the record. A
 * prompt or completion that is a list of messages has `messages` set and is
 * JSON text in `text`, as it stood, then not terminated: use `length`. */
struct bco_text {
    const char *text;
    size_t length; /* bytes */
    bool messages;
};

struct bco_sample {
    bool is_pair;
    struct bco_text prompt;
    struct bco_text completion; /* binary: the completion; pair: the chosen one */
    struct bco_text rejected;   /* pair only */
    bool has_label, label;      /* binary only */
    double weight;              /* 1 where the record has none */
};

/* Reads prompt, completion and label, or prompt, chosen and rejected. A label
 * is true, false, 1 or 0 and nothing else. `need_label` false: a record without
 * one is legal (has_label false). With --ids no text is needed: see `ids`. */
struct bco_sample_options {
    bool need_label;
    bool ids; /* prompt_ids, completion_ids (chosen_ids, rejected_ids) stand for the texts */
};
BCO_API enum bco_code bco_record_sample(const struct bco_record *record, const struct bco_sample_options *options,
                                        struct bco_sample *sample, struct bco_error *err);

/* ---- changing ----------------------------------------------------------- */

/* Each replaces the field in place where it is there and appends it otherwise;
 * `field` is a key, never a path. BCO_ESYSTEM: out of memory. */
BCO_API enum bco_code bco_record_set_bool(struct bco_record *record, const char *field, bool value,
                                          struct bco_error *err);
BCO_API enum bco_code bco_record_set_number(struct bco_record *record, const char *field, double value,
                                            struct bco_error *err); /* fewest digits; NaN and infinities: null */
BCO_API enum bco_code bco_record_set_text(struct bco_record *record, const char *field, const char *text, size_t length,
                                          struct bco_error *err); /* UTF-8 */
BCO_API enum bco_code bco_record_set_json(struct bco_record *record, const char *field, const char *json, size_t length,
                                          struct bco_error *err); /* one whole JSON value, not checked again */
/* Keeps the place. Nothing happens where `from` is missing; BCO_EDATA where `to` is there already. */
BCO_API enum bco_code bco_record_rename(struct bco_record *record, const char *from, const char *to,
                                        struct bco_error *err);
/* Nothing happens where it is missing. */
BCO_API enum bco_code bco_record_remove(struct bco_record *record, const char *field, struct bco_error *err);

/* A record of its own, not bound to a reader: from one JSON object in text, or
 * `{}` for NULL. Free it with bco_record_free (only such ones, or NULL). */
BCO_API enum bco_code bco_record_parse(struct bco_record **record, const char *json, size_t length,
                                       struct bco_error *err);
BCO_API void bco_record_free(struct bco_record *record);

/* ---- writing ------------------------------------------------------------ */

/* Output that appears whole or not at all: a temporary file beside `path`,
 * fsync and rename when it is closed well. `path` NULL or "-": standard output.
 * A name that ends in .zst or .gz is compressed. */
struct bco_writer;
BCO_API enum bco_code bco_writer_open(struct bco_writer **writer, const char *path, struct bco_error *err);
BCO_API enum bco_code bco_writer_record(struct bco_writer *writer, const struct bco_record *record,
                                        struct bco_error *err);
BCO_API enum bco_code bco_writer_bytes(struct bco_writer *writer, const void *bytes, size_t length,
                                       struct bco_error *err);
/* Writes what waits, now: for what is to be seen at once. A file still appears only when it is closed. */
BCO_API enum bco_code bco_writer_flush(struct bco_writer *writer, struct bco_error *err);
/* Makes the output appear and frees the writer, on errors too. */
BCO_API enum bco_code bco_writer_close(struct bco_writer *writer, struct bco_error *err);
/* Leaves no trace of the output (what went to standard output has gone). NULL is legal. */
BCO_API void bco_writer_discard(struct bco_writer *writer);

/* Bad records, verbatim with their reason: {"file","line","reason","record"}. */
BCO_API enum bco_code bco_writer_reject(struct bco_writer *rejects, const struct bco_error *reason, const char *raw,
                                        size_t length, struct bco_error *err);

/* Removes the temporary files that outputs have at this moment. It may be called
 * from a signal handler, before the process ends. */
BCO_API void bco_remove_temporary_files(void);

#ifdef __cplusplus
}
#endif

#endif

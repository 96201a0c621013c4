/* Reading the JSON files of a model folder. */
#ifndef BCO_TEXT_JSON_H
#define BCO_TEXT_JSON_H

#include <bco/error.h>
#include <stdbool.h>
#include <yyjson.h>

/* Reads dir/name. A missing file is BCO_EDATA where `needed`, else *doc is NULL.
 * The caller frees *doc with yyjson_doc_free. */
enum bco_code bco_json_file(yyjson_doc **doc, const char *dir, const char *name, bool needed, struct bco_error *err);

/* Getters of a key that fall back where it is missing or null. The others are
 * BCO_EDATA, naming the key, where the value is of another kind. */
enum bco_code bco_json_bool(yyjson_val *object, const char *key, bool fallback, bool *value, struct bco_error *err);
enum bco_code bco_json_size(yyjson_val *object, const char *key, size_t fallback, size_t *value, struct bco_error *err);
/* A string that must be there. */
enum bco_code bco_json_text(yyjson_val *object, const char *key, const char **text, size_t *length,
                            struct bco_error *err);
/* The same, as a copy that the caller frees. */
enum bco_code bco_json_copy(yyjson_val *object, const char *key, char **text, size_t *length, struct bco_error *err);
/* The "type" of a step, "" where there is none. */
const char *bco_json_type(yyjson_val *object);

/* Calls `each` for `json`, or, where its type is "Sequence", for all that its `list` holds, nested
 * sequences too; for null and a missing one never. Stops at the first error. */
typedef enum bco_code bco_json_step(void *user, yyjson_val *json, struct bco_error *err);
enum bco_code bco_json_steps(yyjson_val *json, const char *list, bco_json_step *each, void *user,
                             struct bco_error *err);

#endif

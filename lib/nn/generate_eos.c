#include "nn/generate.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"

static bool is_id(yyjson_val *value) {
    return yyjson_is_uint(value) && yyjson_get_uint(value) <= INT32_MAX;
}

/* One number, or a list of them. */
static enum bco_code read_ids(yyjson_val *value, int32_t **ids, size_t *count, struct bco_error *err) {
    size_t length = yyjson_is_arr(value) ? yyjson_arr_size(value) : 1, i, total;
    yyjson_val *item;
    if (!yyjson_is_arr(value) && !is_id(value)) return bco_fail(err, BCO_EDATA, "'eos_token_id' is not an id");
    if (!(*ids = bco_calloc(length, sizeof **ids))) return bco_fail_memory(err);
    *count = length;
    if (!yyjson_is_arr(value)) {
        **ids = (int32_t)yyjson_get_uint(value);
        return BCO_OK;
    }
    yyjson_arr_foreach(value, i, total, item) {
        if (!is_id(item)) {
            free(*ids);
            *ids = NULL;
            return bco_fail(err, BCO_EDATA, "'eos_token_id' holds something that is not an id");
        }
        (*ids)[i] = (int32_t)yyjson_get_uint(item);
    }
    return BCO_OK;
}

enum bco_code bco_eos_list(const char *dir, int32_t **ids, size_t *count, struct bco_error *err) {
    static const char *const files[] = {"generation_config.json", "config.json"};
    enum bco_code code = BCO_OK;
    *ids = NULL;
    *count = 0;
    for (size_t i = 0; !code && !*ids && i < 2; i++) {
        yyjson_doc *doc;
        if ((code = bco_json_file(&doc, dir, files[i], false, err))) return code;
        yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(doc), "eos_token_id");
        if (value && !yyjson_is_null(value)) code = read_ids(value, ids, count, err);
        yyjson_doc_free(doc);
        if (code) bco_error_place(err, files[i], 0, NULL);
    }
    return code;
}

/* Which token ends a text: tokenizer.json does not say, its neighbours do. */
#include "base/fail.h"
#include "text/json.h"
#include "text/tokenizer.h"

#include <stdio.h>

/* "eos_token" is a string, or an object with "content". */
static enum bco_code eos_by_name(const struct bco_tokenizer *tokenizer, yyjson_val *root, int32_t *eos,
                                 struct bco_error *err) {
    yyjson_val *token = yyjson_obj_get(root, "eos_token");
    if (yyjson_is_obj(token)) token = yyjson_obj_get(token, "content");
    if (!yyjson_is_str(token)) return BCO_OK;
    *eos = bco_vocab_find(&tokenizer->vocab, yyjson_get_str(token), yyjson_get_len(token));
    if (*eos < 0) return bco_fail(err, BCO_EDATA, "eos_token '%.64s' is not in the vocabulary", yyjson_get_str(token));
    return BCO_OK;
}

/* "eos_token_id" is a number, or a list whose first one counts. */
static enum bco_code eos_by_id(const struct bco_tokenizer *tokenizer, yyjson_val *root, int32_t *eos,
                               struct bco_error *err) {
    (void)tokenizer;
    yyjson_val *id = yyjson_obj_get(root, "eos_token_id");
    if (yyjson_is_arr(id)) id = yyjson_arr_get_first(id);
    if (!id || yyjson_is_null(id)) return BCO_OK;
    if (!yyjson_is_uint(id) || yyjson_get_uint(id) > INT32_MAX)
        return bco_fail(err, BCO_EDATA, "'eos_token_id' is not an id");
    *eos = (int32_t)yyjson_get_uint(id);
    return BCO_OK;
}

enum bco_code bco_eos_read(const struct bco_tokenizer *tokenizer, const char *dir, int32_t *eos,
                           struct bco_error *err) {
    static const struct {
        const char *file;
        enum bco_code (*read)(const struct bco_tokenizer *, yyjson_val *, int32_t *, struct bco_error *);
    } places[] = {{"tokenizer_config.json", eos_by_name},
                  {"special_tokens_map.json", eos_by_name},
                  {"config.json", eos_by_id},
                  {"generation_config.json", eos_by_id}};
    *eos = -1;
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && *eos < 0 && i < sizeof places / sizeof *places; i++) {
        yyjson_doc *doc;
        code = bco_json_file(&doc, dir, places[i].file, false, err);
        if (!code) code = places[i].read(tokenizer, yyjson_doc_get_root(doc), eos, err);
        yyjson_doc_free(doc);
        if (!code) continue;
        char path[BCO_ERROR_FILE_SIZE];
        snprintf(path, sizeof path, "%s/%s", dir, places[i].file);
        bco_error_place(err, path, 0, NULL);
    }
    return code;
}

#include "text/postprocessor.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/bpe.h"
#include "text/json.h"

#include <string.h>

/* A special token's ids stand in a table of the template's own. */
static enum bco_code add_special(struct bco_ids *ids, yyjson_val *template, yyjson_val *special, size_t vocabulary,
                                 struct bco_error *err) {
    const char *name = yyjson_get_str(yyjson_obj_get(special, "id"));
    yyjson_val *list =
        name ? yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(template, "special_tokens"), name), "ids") : NULL;
    if (!yyjson_is_arr(list))
        return bco_fail(err, BCO_EDATA, "post_processor: special token '%.64s' is not in 'special_tokens'",
                        name ? name : "");
    size_t i, count;
    yyjson_val *id;
    yyjson_arr_foreach(list, i, count, id) {
        if (!yyjson_is_uint(id) || yyjson_get_uint(id) >= vocabulary)
            return bco_fail(err, BCO_EDATA, "post_processor: an id of '%.64s' is not in the vocabulary", name);
        if (!bco_ids_add(ids, (int32_t)yyjson_get_uint(id))) return bco_fail_memory(err);
    }
    return BCO_OK;
}

static enum bco_code read_template(struct bco_postprocessor *post, size_t vocabulary, yyjson_val *json,
                                   struct bco_error *err) {
    bool after = false;
    size_t i, count;
    yyjson_val *part;
    yyjson_arr_foreach(yyjson_obj_get(json, "single"), i, count, part) {
        yyjson_val *special = yyjson_obj_get(part, "SpecialToken");
        if (!special && (after || !yyjson_obj_get(part, "Sequence")))
            return bco_fail(err, BCO_EDATA, "post_processor: part %zu of 'single' is not supported", i);
        if (!special) {
            after = true;
            continue;
        }
        enum bco_code code = add_special(after ? &post->after : &post->before, json, special, vocabulary, err);
        if (code) return code;
    }
    return after ? BCO_OK : bco_fail(err, BCO_EDATA, "post_processor: 'single' has no 'Sequence'");
}

/* What is read into, and how many ids there are. */
struct reading {
    struct bco_postprocessor *post;
    size_t vocabulary;
};

static enum bco_code read_step(void *user, yyjson_val *json, struct bco_error *err) {
    const struct reading *to = user;
    const char *type = bco_json_type(json);
    if (!strcmp(type, "ByteLevel")) return BCO_OK; /* changes offsets only */
    if (strcmp(type, "TemplateProcessing") != 0)
        return bco_fail(err, BCO_EDATA, "post_processor '%s' is not supported", type);
    if (to->post->before.count || to->post->after.count)
        return bco_fail(err, BCO_EDATA, "post_processor: two templates are not supported");
    return read_template(to->post, to->vocabulary, json, err);
}

enum bco_code bco_postprocessor_read(struct bco_postprocessor *post, size_t vocabulary, yyjson_val *json,
                                     struct bco_error *err) {
    struct reading to = {post, vocabulary};
    return bco_json_steps(json, "processors", read_step, &to, err);
}

void bco_postprocessor_free(struct bco_postprocessor *post) {
    bco_ids_free(&post->before);
    bco_ids_free(&post->after);
}

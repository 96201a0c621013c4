#include "nn/adapter_config.h"
#include "base/fail.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#define RANK_MAX 65536

/* Legal only where they are missing, null, false or empty. */
static const char *const refused[] = {"use_dora",
                                      "use_qalora",
                                      "lora_bias",
                                      "rank_pattern",
                                      "alpha_pattern",
                                      "layer_replication",
                                      "trainable_token_indices",
                                      "target_parameters",
                                      "megatron_config",
                                      "arrow_config",
                                      "alora_invocation_tokens"};

/* Ways to begin that change the base's weights too. */
static const char *const refused_starts[] = {"pissa", "olora", "corda", "loftq"};

static bool is_empty(yyjson_val *value) {
    return !value || yyjson_is_null(value) || yyjson_is_false(value) ||
           (yyjson_is_ctn(value) && unsafe_yyjson_get_len(value) == 0);
}

static enum bco_code refuse(yyjson_val *root, const char *path, struct bco_error *err) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!is_empty(yyjson_obj_get(root, refused[i])))
            return bco_fail_at(err, BCO_EDATA, path, 0, refused[i], "what it asks for is not supported");
    const char *bias = yyjson_get_str(yyjson_obj_get(root, "bias"));
    if (bias && strcmp(bias, "none") != 0)
        return bco_fail_at(err, BCO_EDATA, path, 0, "bias", "'%s' is not supported, expected none", bias);
    const char *start = yyjson_get_str(yyjson_obj_get(root, "init_lora_weights"));
    for (size_t i = 0; start && i < sizeof refused_starts / sizeof *refused_starts; i++)
        if (strncmp(start, refused_starts[i], strlen(refused_starts[i])) == 0)
            return bco_fail_at(err, BCO_EDATA, path, 0, "init_lora_weights",
                               "'%s' is not supported: it changes the model too", start);
    return BCO_OK;
}

/* A classifier's head is trained beside the adapter; PEFT names both its names. */
static enum bco_code read_head(struct bco_lora_config *lora, yyjson_val *root, const char *path,
                               struct bco_error *err) {
    yyjson_val *saved = yyjson_obj_get(root, "modules_to_save"), *name;
    size_t i, n;
    lora->head = false;
    if (is_empty(saved)) return BCO_OK;
    if (!yyjson_is_arr(saved))
        return bco_fail_at(err, BCO_EDATA, path, 0, "modules_to_save", "what it asks for is not supported");
    yyjson_arr_foreach(saved, i, n, name) {
        bool score = yyjson_equals_str(name, "score");
        if (!score && !yyjson_equals_str(name, "classifier"))
            return bco_fail_at(err, BCO_EDATA, path, 0, "modules_to_save", "what it asks for is not supported");
        lora->head = lora->head || score;
    }
    return BCO_OK;
}

static enum bco_code read_numbers(struct bco_lora_config *lora, yyjson_val *root, const char *path,
                                  struct bco_error *err) {
    yyjson_val *rank = yyjson_obj_get(root, "r"), *alpha = yyjson_obj_get(root, "lora_alpha");
    if (!yyjson_is_uint(rank) || yyjson_get_uint(rank) == 0 || yyjson_get_uint(rank) > RANK_MAX)
        return bco_fail_at(err, BCO_EDATA, path, 0, "r", "not a whole number from 1 to %d", RANK_MAX);
    if (!yyjson_is_num(alpha) || !isfinite(yyjson_get_num(alpha)))
        return bco_fail_at(err, BCO_EDATA, path, 0, "lora_alpha", "not a number");
    lora->rank = (size_t)yyjson_get_uint(rank);
    lora->alpha = yyjson_get_num(alpha);
    lora->rslora = yyjson_is_true(yyjson_obj_get(root, "use_rslora"));
    return BCO_OK;
}

static enum bco_code read_root(struct bco_lora_config *lora, yyjson_val *root, const char *path,
                               struct bco_error *err) {
    const char *kind = yyjson_get_str(yyjson_obj_get(root, "peft_type"));
    if (!kind || strcmp(kind, "LORA") != 0)
        return bco_fail_at(err, BCO_EDATA, path, 0, "peft_type", "the kind '%s' is not supported, expected LORA",
                           kind ? kind : "");
    enum bco_code code = refuse(root, path, err);
    if (!code) code = read_head(lora, root, path, err);
    return code ? code : read_numbers(lora, root, path, err);
}

enum bco_code bco_lora_parse(struct bco_lora_config *lora, const char *json, size_t size, const char *path,
                             struct bco_error *err) {
    yyjson_read_err bad;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, size, 0, NULL, &bad);
    if (!doc && bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return bco_fail_memory(err);
    if (!doc) return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "not JSON: %s at byte %zu", bad.msg, bad.pos);
    enum bco_code code = read_root(lora, yyjson_doc_get_root(doc), path, err);
    yyjson_doc_free(doc);
    return code;
}

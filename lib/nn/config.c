#include "nn/config.h"
#include "base/fail.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define SIZE_LIMIT 0x7FFFFFFF /* of any number in config.json: OpenBLAS counts in int */

struct reader {
    const char *path;
    yyjson_val *root;
    struct bco_error *err;
};

static yyjson_val *value_of(const struct reader *r, const char *key) {
    yyjson_val *value = yyjson_obj_get(r->root, key);
    return yyjson_is_null(value) ? NULL : value;
}

static enum bco_code missing(const struct reader *r, const char *key) {
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "missing");
}

/* A number from 1 on; `otherwise` where the key is missing, an error where that is 0. */
static enum bco_code read_size(const struct reader *r, const char *key, size_t otherwise, size_t *size) {
    yyjson_val *value = value_of(r, key);
    *size = otherwise;
    if (!value) return otherwise ? BCO_OK : missing(r, key);
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) == 0 || yyjson_get_uint(value) > SIZE_LIMIT)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "not a whole number from 1 to %d", SIZE_LIMIT);
    *size = (size_t)yyjson_get_uint(value);
    return BCO_OK;
}

/* A finite number above 0. */
static enum bco_code read_number(const struct reader *r, const char *key, double otherwise, double *number) {
    yyjson_val *value = value_of(r, key);
    *number = otherwise;
    if (!value) return BCO_OK;
    *number = yyjson_get_num(value);
    if (!yyjson_is_num(value) || !isfinite(*number) || !(*number > 0))
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "not a number above 0");
    return BCO_OK;
}

static enum bco_code read_bool(const struct reader *r, const char *key, bool otherwise, bool *flag) {
    yyjson_val *value = value_of(r, key);
    *flag = otherwise;
    if (!value) return BCO_OK;
    if (!yyjson_is_bool(value)) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "neither true nor false");
    *flag = yyjson_get_bool(value);
    return BCO_OK;
}

static enum bco_code read_choice(const struct reader *r, enum bco_choice choice, const char *key, bool *flag) {
    *flag = choice == BCO_ALWAYS;
    return choice == BCO_BY_CONFIG ? read_bool(r, key, false, flag) : BCO_OK;
}

static enum bco_code read_family(const struct reader *r, const struct bco_family **family) {
    const char *architecture = yyjson_get_str(yyjson_arr_get_first(value_of(r, "architectures")));
    const char *type = yyjson_get_str(value_of(r, "model_type"));
    if (!architecture && !type) return missing(r, "architectures");
    *family = bco_family_find(architecture, type);
    if (*family) return BCO_OK;
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, architecture ? "architectures" : "model_type",
                       "the architecture '%s' is not supported", architecture ? architecture : type);
}

static enum bco_code read_heads(const struct reader *r, struct bco_config *c) {
    enum bco_code code;
    if ((code = read_size(r, c->family->keys.heads, 0, &c->heads))) return code;
    if ((code = read_size(r, "num_key_value_heads", c->heads, &c->kv_heads))) return code;
    if (c->heads % c->kv_heads)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "num_key_value_heads",
                           "%zu heads cannot share %zu key/value heads", c->heads, c->kv_heads);
    if (!value_of(r, "head_dim") && c->channels % c->heads)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, c->family->keys.channels,
                           "%zu channels are not divisible by %zu heads", c->channels, c->heads);
    return read_size(r, "head_dim", c->channels / c->heads ? c->channels / c->heads : 1, &c->head_dim);
}

/* No product of two of these overflows later. */
static enum bco_code read_sizes(const struct reader *r, struct bco_config *c) {
    const struct bco_keys *keys = &c->family->keys;
    enum bco_code code;
    if ((code = read_size(r, keys->channels, 0, &c->channels))) return code;
    if ((code = read_size(r, keys->layers, 0, &c->layers))) return code;
    if (c->layers > BCO_LAYERS_MAX)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, keys->layers, "%zu layers are more than %d", c->layers,
                           BCO_LAYERS_MAX);
    if ((code = read_heads(r, c))) return code;
    if ((code = read_size(r, keys->hidden, c->family->gated ? 0 : 4 * c->channels, &c->hidden))) return code;
    if ((code = read_size(r, "vocab_size", 0, &c->vocabulary))) return code;
    if ((code = read_size(r, keys->positions, c->family->learned_positions ? 1024 : 2048, &c->positions))) return code;
    if (c->head_dim * c->heads > SIZE_LIMIT / 4 || c->hidden > SIZE_LIMIT / 4 || c->channels > SIZE_LIMIT / 4)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, keys->channels, "the model is too wide");
    return BCO_OK;
}

static const struct {
    const char *name;
    bool gelu;
} activations[] = {
    {"silu", false}, {"swish", false}, {"gelu_new", true}, {"gelu_pytorch_tanh", true}, {"gelu_fast", true}};

static enum bco_code read_activation(const struct reader *r, struct bco_config *c) {
    const char *key = c->family->keys.activation;
    const char *name = yyjson_get_str(value_of(r, key));
    if (!name) return missing(r, key);
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        if (strcmp(name, activations[i].name) != 0 || (!c->family->gated && !activations[i].gelu)) continue;
        c->activation = !c->family->gated ? BCO_GELU : activations[i].gelu ? BCO_GELU_GATED : BCO_SILU_GATED;
        return BCO_OK;
    }
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "the activation '%s' is not supported", name);
}

static enum bco_code read_rope_kind(const struct reader *r, yyjson_val *scaling, struct bco_rope_config *rope) {
    const char *kind = yyjson_get_str(yyjson_obj_get(scaling, "rope_type"));
    if (!kind) kind = yyjson_get_str(yyjson_obj_get(scaling, "type"));
    if (!kind) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "rope_scaling", "it has no rope_type");
    rope->kind = BCO_ROPE_DEFAULT;
    if (strcmp(kind, "default") == 0) return BCO_OK;
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "rope_scaling", "RoPE scaling of the kind '%s' is not supported",
                       kind);
}

static enum bco_code read_rope(const struct reader *r, struct bco_config *c) {
    enum bco_code code = read_number(r, "rope_theta", c->family->rope_theta, &c->rope.theta);
    yyjson_val *scaling = value_of(r, "rope_scaling");
    c->rope.local_theta = c->rope.theta;
    c->rope.pairs = c->head_dim / 2;
    if (!code && c->head_dim % 2)
        code =
            bco_fail_at(r->err, BCO_EDATA, r->path, 0, "head_dim", "RoPE needs an even number, got %zu", c->head_dim);
    if (!code && scaling) code = read_rope_kind(r, scaling, &c->rope);
    return code;
}

static enum bco_code read_layers(const struct reader *r, struct bco_config *c) {
    c->windowed = bco_calloc(c->layers, 1);
    c->turned = bco_calloc(c->layers, 1);
    if (!c->windowed || !c->turned) return bco_fail_memory(r->err);
    memset(c->turned, !c->family->learned_positions, c->layers);
    return BCO_OK;
}

static enum bco_code read_scales(const struct reader *r, struct bco_config *c) {
    (void)r;
    c->embedding_scale = c->residual_scale = c->logit_scale = 1;
    c->attention_scale = 1 / sqrt((double)c->head_dim);
    return BCO_OK;
}

static enum bco_code read_rest(const struct reader *r, struct bco_config *c) {
    const struct bco_family *f = c->family;
    enum bco_code code;
    if ((code = read_number(r, f->keys.eps, f->eps, &c->eps))) return code;
    if ((code = read_number(r, "initializer_range", 0.02, &c->initializer_range))) return code;
    if ((code = read_bool(r, "tie_word_embeddings", f->tied, &c->tied))) return code;
    if ((code = read_choice(r, f->qkv_bias, "attention_bias", &c->qkv_bias))) return code;
    if ((code = read_choice(r, f->o_bias, "attention_bias", &c->o_bias))) return code;
    if ((code = read_choice(r, f->mlp_bias, "mlp_bias", &c->mlp_bias))) return code;
    if ((code = read_activation(r, c))) return code;
    if (!f->learned_positions && (code = read_rope(r, c))) return code;
    if ((code = read_layers(r, c))) return code;
    return read_scales(r, c);
}

static enum bco_code read_config(const struct reader *r, struct bco_config *c) {
    if (!yyjson_is_obj(r->root)) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, NULL, "not a JSON object");
    enum bco_code code = read_family(r, &c->family);
    if (!code) code = read_sizes(r, c);
    if (!code) code = read_rest(r, c);
    return code;
}

enum bco_code bco_config_parse(struct bco_config *config, const char *json, size_t size, const char *path,
                               struct bco_error *err) {
    yyjson_read_err bad;
    *config = (struct bco_config){0};
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, size, 0, NULL, &bad);
    if (!doc && bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return bco_fail_memory(err);
    if (!doc) return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "not JSON: %s at byte %zu", bad.msg, bad.pos);
    struct reader r = {path, yyjson_doc_get_root(doc), err};
    enum bco_code code = read_config(&r, config);
    yyjson_doc_free(doc);
    if (code) bco_config_free(config);
    return code;
}

void bco_config_free(struct bco_config *config) {
    free(config->windowed);
    free(config->turned);
    *config = (struct bco_config){0};
}

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

static enum bco_code read_family(const struct reader *r, struct bco_config *c) {
    const char *architecture = yyjson_get_str(yyjson_arr_get_first(value_of(r, "architectures")));
    const char *type = yyjson_get_str(value_of(r, "model_type"));
    if (!architecture && !type) return missing(r, "architectures");
    c->family = bco_family_find(architecture, type);
    c->classifier = c->family && architecture && strcmp(architecture, c->family->architecture) != 0;
    if (c->family) return BCO_OK;
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, architecture ? "architectures" : "model_type",
                       "the architecture '%s' is not supported", architecture ? architecture : type);
}

/* null means channels / heads, and so does a missing key where the family has no number of its own. */
static enum bco_code read_head_dim(const struct reader *r, struct bco_config *c) {
    size_t otherwise = yyjson_obj_get(r->root, "head_dim") ? 0 : c->family->head_dim;
    if (value_of(r, "head_dim")) return read_size(r, "head_dim", 0, &c->head_dim);
    if (!otherwise && c->channels % c->heads)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, c->family->keys.channels,
                           "%zu channels are not divisible by %zu heads", c->channels, c->heads);
    c->head_dim = otherwise ? otherwise : c->channels / c->heads;
    return BCO_OK;
}

static enum bco_code read_heads(const struct reader *r, struct bco_config *c) {
    enum bco_code code;
    if ((code = read_size(r, c->family->keys.heads, 0, &c->heads))) return code;
    size_t kv_heads = c->family->kv_heads ? c->family->kv_heads : c->heads;
    bool null = yyjson_is_null(yyjson_obj_get(r->root, "num_key_value_heads"));
    if ((code = read_size(r, "num_key_value_heads", null ? c->heads : kv_heads, &c->kv_heads))) return code;
    if (c->heads % c->kv_heads)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "num_key_value_heads",
                           "%zu heads cannot share %zu key/value heads", c->heads, c->kv_heads);
    return read_head_dim(r, c);
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
    if ((code = read_size(r, keys->positions, c->family->positions, &c->positions))) return code;
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
    yyjson_val *value = value_of(r, key);
    const char *name = value ? yyjson_get_str(value) : c->family->activation;
    if (!name) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "not a string");
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        if (strcmp(name, activations[i].name) != 0 || (!c->family->gated && !activations[i].gelu)) continue;
        c->activation = !c->family->gated ? BCO_GELU : activations[i].gelu ? BCO_GELU_GATED : BCO_SILU_GATED;
        return BCO_OK;
    }
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, key, "the activation '%s' is not supported", name);
}

/* ---- RoPE ------------------------------------------------------------------- */

static enum bco_code read_rope_numbers(const struct reader *r, yyjson_val *scaling, struct bco_rope_config *rope) {
    const struct reader inner = {r->path, scaling, r->err};
    static const char *const needed[] = {"factor", "low_freq_factor", "high_freq_factor",
                                         "original_max_position_embeddings"};
    double *const numbers[] = {&rope->factor, &rope->low_factor, &rope->high_factor, &rope->original_positions};
    size_t count = rope->kind == BCO_ROPE_LLAMA3 ? 4 : rope->kind == BCO_ROPE_LINEAR ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        if (!value_of(&inner, needed[i])) return missing(r, needed[i]);
        enum bco_code code = read_number(&inner, needed[i], 0, numbers[i]);
        if (code) return code;
    }
    if (count == 4 && !(rope->low_factor < rope->high_factor))
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "high_freq_factor", "not above low_freq_factor");
    return BCO_OK;
}

/* `scaling`: rope_scaling, or the new rope_parameters; its kind is called rope_type, in older files type. */
static enum bco_code read_scaling(const struct reader *r, yyjson_val *scaling, struct bco_rope_config *rope) {
    static const char *const kinds[] = {"default", "linear", "llama3"};
    const char *kind = yyjson_get_str(yyjson_obj_get(scaling, "rope_type"));
    if (!kind) kind = yyjson_get_str(yyjson_obj_get(scaling, "type"));
    if (!kind) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "rope_scaling", "it has no rope_type");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kind, kinds[i]) != 0) continue;
        rope->kind = (enum bco_rope_kind)i;
        return read_rope_numbers(r, scaling, rope);
    }
    return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "rope_scaling", "RoPE scaling of the kind '%s' is not supported",
                       kind);
}

/* Newer files hold all of RoPE in rope_parameters; Gemma's for each kind of layer. */
static enum bco_code read_parameters(const struct reader *r, yyjson_val *parameters, struct bco_config *c) {
    yyjson_val *full = yyjson_obj_get(parameters, "full_attention");
    const struct reader inner = {r->path, full ? full : parameters, r->err};
    const struct reader local = {r->path, yyjson_obj_get(parameters, "sliding_attention"), r->err};
    enum bco_code code = read_number(&inner, "rope_theta", c->rope.theta, &c->rope.theta);
    if (!code && full) code = read_number(&local, "rope_theta", c->rope.local_theta, &c->rope.local_theta);
    return code ? code : read_scaling(r, inner.root, &c->rope);
}

/* Newer files hold partial_rotary_factor in rope_parameters too. */
static enum bco_code read_pairs(const struct reader *r, yyjson_val *parameters, struct bco_config *c) {
    const struct reader inner = {r->path, parameters, r->err};
    double share = 1;
    enum bco_code code = c->family->partial_rope ? read_number(r, "partial_rotary_factor", 1, &share) : BCO_OK;
    if (!code && c->family->partial_rope) code = read_number(&inner, "partial_rotary_factor", share, &share);
    if (code) return code;
    if (share > 1) return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "partial_rotary_factor", "above 1");
    size_t turned = (size_t)((double)c->head_dim * share);
    if (turned == 0 || turned % 2)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "head_dim", "RoPE needs an even number, got %zu", turned);
    c->rope.pairs = turned / 2;
    return BCO_OK;
}

static enum bco_code read_rope(const struct reader *r, struct bco_config *c) {
    yyjson_val *scaling = value_of(r, "rope_scaling"), *parameters = value_of(r, "rope_parameters");
    enum bco_code code = read_number(r, "rope_theta", c->family->rope_theta, &c->rope.theta);
    if (!code && c->family->rope_local) code = read_number(r, "rope_local_base_freq", 10000, &c->rope.local_theta);
    if (!code) code = read_pairs(r, parameters, c);
    if (!code && parameters) code = read_parameters(r, parameters, c);
    if (!code && scaling && !parameters) code = read_scaling(r, scaling, &c->rope);
    if (!c->family->rope_local) c->rope.local_theta = c->rope.theta;
    return code;
}

/* ---- layers ------------------------------------------------------------------- */

/* no_rope_layers: 1 where RoPE acts, against its name; else all layers but every no_rope_layer_interval-th. */
static enum bco_code read_turned(const struct reader *r, struct bco_config *c) {
    yyjson_val *list = value_of(r, "no_rope_layers");
    size_t interval;
    memset(c->turned, !c->family->learned_positions, c->layers);
    if (!c->family->rope_by_layer) return BCO_OK;
    enum bco_code code = read_size(r, "no_rope_layer_interval", 4, &interval);
    if (code) return code;
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) != c->layers))
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "no_rope_layers", "not a list of %zu numbers", c->layers);
    for (size_t l = 0; l < c->layers; l++)
        c->turned[l] = list ? yyjson_get_int(yyjson_arr_get(list, l)) != 0 : (l + 1) % interval != 0;
    return BCO_OK;
}

static enum bco_code read_layer_types(const struct reader *r, yyjson_val *types, struct bco_config *c) {
    size_t l, count;
    yyjson_val *type;
    if (!yyjson_is_arr(types) || yyjson_arr_size(types) != c->layers)
        return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "layer_types", "not a list of %zu kinds", c->layers);
    yyjson_arr_foreach(types, l, count, type) {
        c->windowed[l] = yyjson_equals_str(type, "sliding_attention");
        if (!c->windowed[l] && !yyjson_equals_str(type, "full_attention"))
            return bco_fail_at(r->err, BCO_EDATA, r->path, 0, "layer_types", "the kind '%s' is not supported",
                               yyjson_is_str(type) ? yyjson_get_str(type) : "?");
    }
    return BCO_OK;
}

/* The layers with a window where layer_types is missing. */
static enum bco_code choose_windowed(const struct reader *r, struct bco_config *c) {
    enum bco_window window = c->family->window;
    yyjson_val *first = value_of(r, "max_window_layers");
    size_t pattern;
    enum bco_code code = read_size(r, "_sliding_window_pattern", 6, &pattern);
    if (!code && value_of(r, "sliding_window_pattern")) code = read_size(r, "sliding_window_pattern", 0, &pattern);
    for (size_t l = 0; !code && l < c->layers; l++)
        c->windowed[l] = window == BCO_WINDOW_IF_SET    ? true
                         : window == BCO_WINDOW_NO_ROPE ? !c->turned[l]
                         : window == BCO_WINDOW_IF_USED ? l >= (first ? yyjson_get_uint(first) : 28)
                                                        : (l + 1) % pattern != 0;
    return code;
}

static enum bco_code read_window(const struct reader *r, struct bco_config *c) {
    enum bco_window window = c->family->window;
    yyjson_val *types = value_of(r, "layer_types");
    bool used = true, by_layer = window == BCO_WINDOW_BY_LAYER;
    enum bco_code code = BCO_OK;
    if (window == BCO_WINDOW_IF_USED || window == BCO_WINDOW_NO_ROPE)
        code = read_bool(r, "use_sliding_window", false, &used);
    bool set = value_of(r, "sliding_window") || (by_layer && !yyjson_obj_get(r->root, "sliding_window"));
    if (code || window == BCO_WINDOW_NONE || !used || !(set || by_layer)) return code;
    if (set && (code = read_size(r, "sliding_window", 4096, &c->window))) return code;
    return types && window != BCO_WINDOW_IF_SET ? read_layer_types(r, types, c) : choose_windowed(r, c);
}

static enum bco_code read_layers(const struct reader *r, struct bco_config *c) {
    c->windowed = bco_calloc(c->layers, 1);
    c->turned = bco_calloc(c->layers, 1);
    if (!c->windowed || !c->turned) return bco_fail_memory(r->err);
    enum bco_code code = read_turned(r, c);
    return code ? code : read_window(r, c);
}

/* ---- the rest ------------------------------------------------------------------ */

static enum bco_code read_scales(const struct reader *r, struct bco_config *c) {
    enum bco_code code = BCO_OK;
    double query = 256, logits = 1;
    c->embedding_scale = c->residual_scale = 1;
    c->attention_scale = 1 / sqrt((double)c->head_dim);
    if (c->family->root_scale) {
        code = read_number(r, "query_pre_attn_scalar", 256, &query);
        c->embedding_scale = sqrt((double)c->channels);
        c->attention_scale = 1 / sqrt(query);
    }
    if (c->family->multipliers) {
        code = read_number(r, "embedding_multiplier", 1, &c->embedding_scale);
        if (!code) code = read_number(r, "residual_multiplier", 1, &c->residual_scale);
        if (!code) code = read_number(r, "attention_multiplier", 1, &c->attention_scale);
        if (!code) code = read_number(r, "logits_scaling", 1, &logits);
    }
    c->logit_scale = 1 / logits;
    return code;
}

/* What would change the numbers: legal only where it is null or as `expected`. */
static const struct {
    const char *key;
    bool expected;
} refused[] = {
    {"attn_logit_softcapping", false}, {"final_logit_softcapping", false}, {"scale_attn_by_inverse_layer_idx", false},
    {"scale_attn_weights", true},      {"add_cross_attention", false},     {"use_bidirectional_attention", false},
    {"quantization_config", false}};

static enum bco_code refuse(const struct reader *r) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        yyjson_val *value = value_of(r, refused[i].key);
        if (value && !(yyjson_is_bool(value) && yyjson_get_bool(value) == refused[i].expected))
            return bco_fail_at(r->err, BCO_EDATA, r->path, 0, refused[i].key, "what it asks for is not supported");
    }
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
    enum bco_code code = read_family(r, c);
    if (!code) code = refuse(r);
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

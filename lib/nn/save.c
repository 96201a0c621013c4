/* Folders as transformers' save_pretrained writes them. */
#include "nn/save.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter.h"
#include "nn/file.h"
#include "nn/half.h"
#include "nn/model.h"
#include "stream/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define PIECE 65536 /* elements converted at a time */

/* What belongs to a model's folder beside weights and configuration. */
static const char *const companions[] = {"generation_config.json",
                                         "tokenizer.json",
                                         "tokenizer_config.json",
                                         "special_tokens_map.json",
                                         "added_tokens.json",
                                         "vocab.json",
                                         "merges.txt",
                                         "tokenizer.model",
                                         "chat_template.jinja",
                                         "chat_template.json"};

/* One folder being written. */
struct save {
    const struct bco_model *model;
    const struct bco_slots *slots; /* the model's, or its adapter's */
    const char *stem;              /* of the weights' file */
    const char *dir;
    const char *dtype; /* as headers spell it */
    size_t size;       /* bytes of an element */
    uint16_t (*narrow)(float x);
    const struct bco_slot **order; /* [slot_count], by name */
    size_t *shard;                 /* [slot_count], of order[i] */
    size_t shards;
    const struct bco_watch *watch; /* or NULL */
    struct bco_error *err;
};

/* ---- weights --------------------------------------------------------------- */

static const char *saved_name(const struct save *s, const struct bco_slot *slot) {
    const char *root = s->model->config.family->names.root;
    bool rooted = s->model->bare && strncmp(slot->name, root, strlen(root)) == 0;
    return rooted ? slot->name + strlen(root) : slot->name;
}

static void shard_name(const struct save *s, size_t shard, char name[64]) {
    if (s->shards == 1)
        snprintf(name, 64, "%s.safetensors", s->stem);
    else
        snprintf(name, 64, "%s-%05zu-of-%05zu.safetensors", s->stem, shard + 1, s->shards);
}

static enum bco_code open_output(const struct save *s, const char *name, struct bco_output **output) {
    char *path = bco_path_join(s->dir, name);
    enum bco_code code = path ? bco_output_open(output, path, s->err) : bco_fail_memory(s->err);
    free(path);
    return code;
}

/* `buf` becomes the file `name`. */
static enum bco_code write_text(const struct save *s, const char *name, const void *bytes, size_t size) {
    struct bco_output *output;
    enum bco_code code = open_output(s, name, &output);
    if (code) return code;
    code = bco_output_write(output, bytes, size, s->err);
    if (!code) return bco_output_close(output, s->err);
    bco_output_discard(output);
    return code;
}

static void describe(const struct save *s, const struct bco_slot *slot, uint64_t begin, struct bco_buf *header) {
    const char *name = saved_name(s, slot);
    bco_buf_char(header, ',');
    bco_buf_json_string(header, name, strlen(name));
    bco_buf_printf(header, ":{\"dtype\":\"%s\",\"shape\":[%zu", s->dtype, slot->shape[0]);
    if (slot->dims == 2) bco_buf_printf(header, ",%zu", slot->shape[1]);
    bco_buf_printf(header, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                   (unsigned long long)(begin + slot->count * s->size));
}

static enum bco_code write_header(const struct save *s, size_t shard, struct bco_output *output) {
    struct bco_buf header = {0};
    unsigned char length[8];
    uint64_t at = 0;
    bco_buf_str(&header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < s->slots->count; i++) {
        if (s->shard[i] != shard) continue;
        describe(s, s->order[i], at, &header);
        at += s->order[i]->count * s->size;
    }
    bco_buf_char(&header, '}');
    while (header.length % 8 && !header.failed) bco_buf_char(&header, ' ');
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.length >> 8 * i);
    enum bco_code code = header.failed ? bco_fail_memory(s->err) : bco_output_write(output, length, 8, s->err);
    if (!code) code = bco_output_write(output, header.data, header.length, s->err);
    bco_buf_free(&header);
    return code;
}

/* Finite when written, too. */
static bool convert(const struct save *s, const float *weight, size_t count, uint16_t *out) {
    uint16_t exponent = s->narrow == bco_to_f16 ? 0x7C00 : 0x7F80;
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        out[i] = s->narrow(weight[i]);
        finite = finite && (out[i] & exponent) != exponent;
    }
    return finite;
}

static bool all_finite(const float *weight, size_t count) {
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, weight + i, sizeof bits);
        finite = finite && (bits & 0x7F800000u) != 0x7F800000u;
    }
    return finite;
}

static enum bco_code write_weight(const struct save *s, const struct bco_slot *slot, struct bco_output *output,
                                  float *wide, uint16_t *piece) {
    for (size_t at = 0; at < slot->count; at += PIECE) {
        size_t count = slot->count - at < PIECE ? slot->count - at : PIECE;
        if (s->watch && s->watch->stop && s->watch->stop(s->watch->user))
            return bco_fail(s->err, BCO_EINTERRUPTED, "interrupted");
        const float *weight = bco_slot_values(s->slots, slot, at, count, wide);
        bool finite = s->narrow ? convert(s, weight, count, piece) : all_finite(weight, count);
        if (!finite)
            return bco_fail_at(s->err, BCO_EDATA, s->dir, 0, slot->name, "it holds a number that is no finite %s",
                               s->dtype);
        const void *bytes = s->narrow ? (const void *)piece : weight;
        enum bco_code code = bco_output_write(output, bytes, count * s->size, s->err);
        if (code) return code;
    }
    return BCO_OK;
}

static enum bco_code write_weights(const struct save *s, size_t shard, struct bco_output *output) {
    float *wide = bco_malloc(PIECE, sizeof *wide);
    uint16_t *piece = bco_malloc(PIECE, sizeof *piece);
    enum bco_code code = wide && piece ? write_header(s, shard, output) : bco_fail_memory(s->err);
    for (size_t i = 0; !code && i < s->slots->count; i++)
        if (s->shard[i] == shard) code = write_weight(s, s->order[i], output, wide, piece);
    free(wide);
    free(piece);
    return code;
}

static enum bco_code write_shard(const struct save *s, size_t shard) {
    struct bco_output *output;
    char name[64];
    shard_name(s, shard, name);
    enum bco_code code = open_output(s, name, &output);
    if (code) return code;
    code = write_weights(s, shard, output);
    if (!code) return bco_output_close(output, s->err);
    bco_output_discard(output);
    return code;
}

static enum bco_code write_index(const struct save *s) {
    struct bco_buf index = {0};
    char shard[64];
    bco_buf_printf(&index, "{\n  \"metadata\": {\n    \"total_size\": %llu\n  },\n  \"weight_map\": {",
                   (unsigned long long)(s->slots->elements * s->size));
    for (size_t i = 0; i < s->slots->count; i++) {
        const char *name = saved_name(s, s->order[i]);
        shard_name(s, s->shard[i], shard);
        bco_buf_str(&index, i ? ",\n    " : "\n    ");
        bco_buf_json_string(&index, name, strlen(name));
        bco_buf_printf(&index, ": \"%s\"", shard);
    }
    bco_buf_str(&index, "\n  }\n}\n");
    enum bco_code code = index.failed ? bco_fail_memory(s->err)
                                      : write_text(s, "model.safetensors.index.json", index.data, index.length);
    bco_buf_free(&index);
    return code;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const struct bco_slot *const *)a)->name, (*(const struct bco_slot *const *)b)->name);
}

/* Safetensors files are sorted by name; each shard takes what still fits. */
static void plan(struct save *s, uint64_t limit) {
    uint64_t used = 0;
    for (size_t i = 0; i < s->slots->count; i++) s->order[i] = &s->slots->slot[i];
    qsort(s->order, s->slots->count, sizeof *s->order, by_name);
    for (size_t i = 0; i < s->slots->count; i++) {
        uint64_t bytes = (uint64_t)s->order[i]->count * s->size;
        if (used && used + bytes > limit) {
            s->shards++;
            used = 0;
        }
        s->shard[i] = s->shards;
        used += bytes;
    }
    s->shards++;
}

/* ---- the other files -------------------------------------------------------- */

/* The field that names the type of the weights, in the folder's own spelling. */
static bool set_dtype(yyjson_mut_doc *doc, const char *dtype) {
    static const char *const keys[] = {"dtype", "torch_dtype"};
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    bool found = false;
    for (int i = 0; i < 2; i++) {
        if (!yyjson_mut_obj_get(root, keys[i])) continue;
        found = true;
        if (!yyjson_mut_obj_replace(root, yyjson_mut_str(doc, keys[i]), yyjson_mut_str(doc, dtype))) return false;
    }
    return found || yyjson_mut_obj_add_str(doc, root, "torch_dtype", dtype);
}

/* A language model that became a classifier with one label. */
static bool set_classifier(const struct bco_model *model, yyjson_mut_doc *doc) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *names = yyjson_mut_arr(doc);
    yyjson_mut_val *labels = yyjson_mut_obj(doc), *ids = yyjson_mut_obj(doc);
    if (!model->fresh_head) return true;
    return yyjson_mut_arr_add_str(doc, names, model->config.family->classifier) &&
           yyjson_mut_obj_add_str(doc, labels, "0", "LABEL_0") && yyjson_mut_obj_add_uint(doc, ids, "LABEL_0", 0) &&
           yyjson_mut_obj_put(root, yyjson_mut_str(doc, "architectures"), names) &&
           yyjson_mut_obj_put(root, yyjson_mut_str(doc, "id2label"), labels) &&
           yyjson_mut_obj_put(root, yyjson_mut_str(doc, "label2id"), ids);
}

/* The model's configuration, as it is on disk, with the dtype of what is saved. */
static enum bco_code change_config(const struct save *s, const struct bco_mapping *mapping, const char *path,
                                   char **text, size_t *length) {
    const char *dtype = s->narrow == bco_to_f16 ? "float16" : s->narrow ? "bfloat16" : "float32";
    yyjson_read_err why = {0};
    yyjson_doc *doc =
        yyjson_read_opts((char *)(uintptr_t)mapping->bytes, mapping->size, YYJSON_READ_NUMBER_AS_RAW, NULL, &why);
    if (!yyjson_is_obj(yyjson_doc_get_root(doc)) && why.code != YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        yyjson_doc_free(doc);
        return bco_fail_at(s->err, BCO_EDATA, path, 0, NULL, "it is no longer the file that was read");
    }
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    if (copy && set_dtype(copy, dtype) && set_classifier(s->model, copy))
        *text = yyjson_mut_write(copy, YYJSON_WRITE_PRETTY_TWO_SPACES | YYJSON_WRITE_NEWLINE_AT_END, length);
    yyjson_mut_doc_free(copy);
    yyjson_doc_free(doc);
    return *text ? BCO_OK : bco_fail_memory(s->err);
}

static enum bco_code write_config(const struct save *s) {
    struct bco_mapping mapping = {0};
    char *text = NULL, *path = bco_path_join(s->model->dir, "config.json");
    size_t length = 0;
    enum bco_code code = path ? bco_map(&mapping, path, s->err) : bco_fail_memory(s->err);
    if (!code) code = change_config(s, &mapping, path, &text, &length);
    if (!code) code = write_text(s, "config.json", text, length);
    free(text);
    bco_unmap(&mapping);
    free(path);
    return code;
}

static enum bco_code copy_companion(const struct save *s, const char *from, const char *name, bool needed) {
    struct bco_mapping mapping;
    struct bco_error missing;
    char *path = bco_path_join(from, name);
    if (!path) return bco_fail_memory(s->err);
    enum bco_code code = bco_map(&mapping, path, &missing);
    if (!code)
        code = write_text(s, name, mapping.bytes, mapping.size);
    else if (code == BCO_EDATA && !needed)
        code = BCO_OK;
    else if (s->err)
        *s->err = missing;
    bco_unmap(&mapping);
    free(path);
    return code;
}

static enum bco_code write_folder(const struct save *s) {
    enum bco_code code = BCO_OK;
    for (size_t shard = 0; !code && shard < s->shards; shard++) code = write_shard(s, shard);
    if (!code && s->shards > 1) code = write_index(s);
    for (size_t i = 0; !code && i < sizeof companions / sizeof *companions; i++)
        code = copy_companion(s, s->model->dir, companions[i], false);
    return code ? code : write_config(s);
}

/* An adapter's folder: its configuration as it came, or a new one. */
static enum bco_code write_adapter(const struct save *s) {
    struct bco_buf text = {0};
    enum bco_code code = write_shard(s, 0);
    if (!code && s->model->adapter_dir && !s->model->new_head)
        return copy_companion(s, s->model->adapter_dir, "adapter_config.json", true);
    if (!code && !bco_adapter_describe(s->model, &text)) code = bco_fail_memory(s->err);
    if (!code) code = write_text(s, "adapter_config.json", text.data, text.length);
    bco_buf_free(&text);
    return code;
}

static void set_type(struct save *s, enum bco_dtype dtype) {
    bool adapter = s->model->adapter.count > 0;
    if (dtype == BCO_DTYPE_SAME) dtype = adapter ? BCO_DTYPE_F32 : s->model->dtype;
    s->narrow = dtype == BCO_DTYPE_F16 ? bco_to_f16 : dtype == BCO_DTYPE_BF16 ? bco_to_bf16 : NULL;
    s->dtype = dtype == BCO_DTYPE_F16 ? "F16" : dtype == BCO_DTYPE_BF16 ? "BF16" : "F32";
    s->size = s->narrow ? sizeof(uint16_t) : sizeof(float);
}

enum bco_code bco_model_save_limited(const struct bco_model *model, const char *dir, enum bco_dtype dtype,
                                     uint64_t limit, const struct bco_watch *watch, struct bco_error *err) {
    struct save s = {.model = model, .slots = bco_model_trained(model), .dir = dir, .watch = watch, .err = err};
    struct bco_slots both = {0};
    bool adapter = model->adapter.count > 0;
    enum bco_code code = BCO_OK;
    s.stem = adapter ? "adapter_model" : "model";
    set_type(&s, dtype);
    if (model->under.count && !(code = bco_adapter_join(model, &both, err))) s.slots = &both;
    s.order = bco_calloc(s.slots->count, sizeof *s.order);
    s.shard = bco_calloc(s.slots->count, sizeof *s.shard);
    if (!code && (!s.order || !s.shard)) code = bco_fail_memory(err);
    if (!code) {
        plan(&s, adapter ? UINT64_MAX : limit);
        code = adapter ? write_adapter(&s) : write_folder(&s);
    }
    bco_slots_free(&both);
    free(s.order);
    free(s.shard);
    return code;
}

enum bco_code bco_model_save_as(const struct bco_model *model, const char *dir, enum bco_dtype dtype,
                                struct bco_error *err) {
    return bco_model_save_limited(model, dir, dtype, BCO_SHARD_BYTES, NULL, err);
}

enum bco_code bco_model_save(const struct bco_model *model, const char *dir, struct bco_error *err) {
    return bco_model_save_as(model, dir, BCO_DTYPE_SAME, err);
}

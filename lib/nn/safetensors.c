#include "nn/safetensors.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/file.h"
#include "nn/half.h"
#include "nn/kernels.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <yyjson.h>

#define HEADER_MAX ((size_t)100 << 20) /* bytes; the reference implementation's limit */
#define INDEX "model.safetensors.index.json"
#define SINGLE "model.safetensors"

struct file {
    char *path;
    struct bco_mapping mapping; /* empty where the bytes are the caller's */
    yyjson_doc *header;
};

struct alias {
    const char *name, *target;
};

struct bco_weights {
    struct file *files;
    size_t file_count, file_capacity;
    struct bco_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    struct alias *aliases;
    size_t alias_count, alias_capacity;
};

/* ---- one header ---------------------------------------------------------- */

static const struct dtype {
    const char *name;
    size_t bits;
} dtypes[] = {{"F32", 32}, {"F16", 16}, {"BF16", 16}, {"F64", 64},    {"I64", 64},
              {"I32", 32}, {"I16", 16}, {"I8", 8},    {"U64", 64},    {"U32", 32},
              {"U16", 16}, {"U8", 8},   {"BOOL", 8},  {"F8_E4M3", 8}, {"F8_E5M2", 8}};

static size_t dtype_bytes(const char *name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(name, dtypes[i].name) == 0) return dtypes[i].bits / 8;
    return 0;
}

static enum bco_code read_shape(struct bco_tensor *tensor, yyjson_val *shape, struct bco_error *err) {
    if (!yyjson_is_arr(shape) || yyjson_arr_size(shape) > BCO_TENSOR_DIMS)
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name,
                           "its shape is not a list of at most %d numbers", BCO_TENSOR_DIMS);
    tensor->dims = yyjson_arr_size(shape);
    tensor->count = 1;
    for (size_t i = 0; i < tensor->dims; i++) {
        yyjson_val *size = yyjson_arr_get(shape, i);
        if (!yyjson_is_uint(size))
            return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name, "a size in its shape is not a number");
        tensor->shape[i] = (size_t)yyjson_get_uint(size);
        if (!bco_size_mul(tensor->count, tensor->shape[i], &tensor->count))
            return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name, "its shape is too large");
    }
    return BCO_OK;
}

/* `data` holds `size` bytes: all the tensors of the file. */
static enum bco_code read_offsets(struct bco_tensor *tensor, yyjson_val *offsets, const char *data, size_t size,
                                  struct bco_error *err) {
    yyjson_val *first = yyjson_arr_get(offsets, 0), *last = yyjson_arr_get(offsets, 1);
    if (yyjson_arr_size(offsets) != 2 || !yyjson_is_uint(first) || !yyjson_is_uint(last))
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name, "data_offsets are not two numbers");
    uint64_t begin = yyjson_get_uint(first), end = yyjson_get_uint(last);
    if (begin > end)
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name, "it ends (%llu) before it begins (%llu)",
                           (unsigned long long)end, (unsigned long long)begin);
    if (end > size)
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name,
                           "it ends at byte %llu of the data, but the file has %zu: truncated or damaged",
                           (unsigned long long)end, size);
    size_t bytes;
    if (!bco_size_mul(tensor->count, dtype_bytes(tensor->dtype), &bytes) || bytes != end - begin)
        return bco_fail_at(err, BCO_EDATA, tensor->file, 0, tensor->name,
                           "its shape and dtype do not make the %llu bytes that it has",
                           (unsigned long long)(end - begin));
    tensor->data = data + begin;
    tensor->bytes = bytes;
    return BCO_OK;
}

static enum bco_code read_tensor(struct bco_weights *w, const char *path, yyjson_val *key, yyjson_val *value,
                                 const char *data, size_t size, struct bco_error *err) {
    struct bco_tensor tensor = {.name = yyjson_get_str(key), .file = path};
    if (strlen(tensor.name) != yyjson_get_len(key))
        return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "a tensor's name has a NUL byte");
    tensor.dtype = yyjson_get_str(yyjson_obj_get(value, "dtype"));
    if (!tensor.dtype) return bco_fail_at(err, BCO_EDATA, path, 0, tensor.name, "it has no dtype");
    if (dtype_bytes(tensor.dtype) == 0)
        return bco_fail_at(err, BCO_EDATA, path, 0, tensor.name, "unknown dtype '%s'", tensor.dtype);
    enum bco_code code = read_shape(&tensor, yyjson_obj_get(value, "shape"), err);
    if (!code) code = read_offsets(&tensor, yyjson_obj_get(value, "data_offsets"), data, size, err);
    if (code) return code;
    if (!bco_grow((void **)&w->tensors, &w->tensor_capacity, w->tensor_count + 1, sizeof *w->tensors))
        return bco_fail_memory(err);
    w->tensors[w->tensor_count++] = tensor;
    return BCO_OK;
}

static enum bco_code read_metadata(struct bco_weights *w, const char *path, yyjson_val *metadata,
                                   struct bco_error *err) {
    size_t i, count;
    yyjson_val *key, *value;
    if (!yyjson_is_obj(metadata)) return bco_fail_at(err, BCO_EDATA, path, 0, "__metadata__", "not an object");
    yyjson_obj_foreach(metadata, i, count, key, value) {
        if (!yyjson_is_str(value))
            return bco_fail_at(err, BCO_EDATA, path, 0, "__metadata__", "'%s' is not a string", yyjson_get_str(key));
        if (!bco_grow((void **)&w->aliases, &w->alias_capacity, w->alias_count + 1, sizeof *w->aliases))
            return bco_fail_memory(err);
        w->aliases[w->alias_count++] = (struct alias){yyjson_get_str(key), yyjson_get_str(value)};
    }
    return BCO_OK;
}

static int by_place(const void *a, const void *b) {
    const struct bco_tensor *x = a, *y = b;
    if (x->data != y->data) return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Every byte of the data belongs to one tensor. */
static enum bco_code check_places(struct bco_weights *w, size_t first, const char *data, size_t size, const char *path,
                                  struct bco_error *err) {
    const char *at = data;
    size_t count = w->tensor_count - first;
    if (count) qsort(w->tensors + first, count, sizeof *w->tensors, by_place);
    for (size_t i = first; i < w->tensor_count; i++) {
        const struct bco_tensor *tensor = &w->tensors[i];
        if (tensor->data != at)
            return bco_fail_at(err, BCO_EDATA, path, 0, tensor->name, "its bytes %s",
                               (const char *)tensor->data < at ? "overlap another tensor's" : "follow a gap");
        at += tensor->bytes;
    }
    if (at != data + size)
        return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "%zu bytes follow the last tensor",
                           (size_t)(data + size - at));
    return BCO_OK;
}

static enum bco_code read_tensors(struct bco_weights *w, const struct file *file, const char *data, size_t size,
                                  struct bco_error *err) {
    size_t i, count, first = w->tensor_count;
    yyjson_val *key, *value, *root = yyjson_doc_get_root(file->header);
    if (!yyjson_is_obj(root)) return bco_fail_at(err, BCO_EDATA, file->path, 0, NULL, "the header is not an object");
    yyjson_obj_foreach(root, i, count, key, value) {
        enum bco_code code = yyjson_equals_str(key, "__metadata__")
                                 ? read_metadata(w, file->path, value, err)
                                 : read_tensor(w, file->path, key, value, data, size, err);
        if (code) return code;
    }
    return check_places(w, first, data, size, file->path, err);
}

static enum bco_code read_header(struct bco_weights *w, struct file *file, const unsigned char *bytes, size_t size,
                                 struct bco_error *err) {
    uint64_t length = 0;
    yyjson_read_err bad;
    if (size < 8) return bco_fail_at(err, BCO_EDATA, file->path, 0, NULL, "too short for a safetensors file");
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > HEADER_MAX || length > size - 8)
        return bco_fail_at(err, BCO_EDATA, file->path, 0, NULL,
                           "the header's length is %llu bytes, but the file has %zu: truncated or damaged",
                           (unsigned long long)length, size);
    const char *text = (const char *)bytes + 8;
    if (length == 0 || text[0] != '{')
        return bco_fail_at(err, BCO_EDATA, file->path, 0, NULL, "the header does not begin with '{'");
    file->header = yyjson_read_opts((char *)(uintptr_t)text, (size_t)length, 0, NULL, &bad);
    if (!file->header && bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return bco_fail_memory(err);
    if (!file->header)
        return bco_fail_at(err, BCO_EDATA, file->path, 0, NULL, "the header is not JSON: %s at byte %zu", bad.msg,
                           bad.pos);
    return read_tensors(w, file, text + length, size - 8 - (size_t)length, err);
}

/* ---- files ----------------------------------------------------------------- */

static struct file *add_file(struct bco_weights *w, const char *path) {
    if (!bco_grow((void **)&w->files, &w->file_capacity, w->file_count + 1, sizeof *w->files)) return NULL;
    struct file *file = &w->files[w->file_count];
    *file = (struct file){.path = bco_strndup(path, strlen(path))};
    if (!file->path) return NULL;
    w->file_count++;
    return file;
}

static enum bco_code add_mapped(struct bco_weights *w, const char *path, struct bco_error *err) {
    struct file *file = add_file(w, path);
    if (!file) return bco_fail_memory(err);
    enum bco_code code = bco_map(&file->mapping, path, err);
    size_t first = w->tensor_count;
    if (!code) code = read_header(w, file, file->mapping.bytes, file->mapping.size, err);
    for (size_t i = first; i < w->tensor_count; i++) w->tensors[i].mapped = true;
    return code;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct bco_tensor *)a)->name, ((const struct bco_tensor *)b)->name);
}

static enum bco_code sort_names(struct bco_weights *w, struct bco_error *err) {
    if (w->tensor_count) qsort(w->tensors, w->tensor_count, sizeof *w->tensors, by_name);
    for (size_t i = 1; i < w->tensor_count; i++)
        if (strcmp(w->tensors[i - 1].name, w->tensors[i].name) == 0)
            return bco_fail_at(err, BCO_EDATA, w->tensors[i].file, 0, w->tensors[i].name, "it is there twice");
    return BCO_OK;
}

static enum bco_code begin(struct bco_weights **weights, struct bco_error *err) {
    *weights = bco_calloc(1, sizeof **weights);
    return *weights ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code finish(struct bco_weights **weights, enum bco_code code, struct bco_error *err) {
    if (!code) code = sort_names(*weights, err);
    if (code) {
        bco_weights_close(*weights);
        *weights = NULL;
    }
    return code;
}

enum bco_code bco_weights_open_file(struct bco_weights **weights, const char *path, struct bco_error *err) {
    enum bco_code code = begin(weights, err);
    if (code) return code;
    return finish(weights, add_mapped(*weights, path, err), err);
}

enum bco_code bco_weights_of_memory(struct bco_weights **weights, const void *bytes, size_t size, const char *path,
                                    struct bco_error *err) {
    enum bco_code code = begin(weights, err);
    if (code) return code;
    struct file *file = add_file(*weights, path);
    code = file ? read_header(*weights, file, bytes, size, err) : bco_fail_memory(err);
    return finish(weights, code, err);
}

/* ---- shards ---------------------------------------------------------------- */

static bool has_file(const struct bco_weights *w, const char *path) {
    for (size_t i = 0; i < w->file_count; i++)
        if (strcmp(w->files[i].path, path) == 0) return true;
    return false;
}

static enum bco_code add_shard(struct bco_weights *w, const char *dir, const char *index, yyjson_val *key,
                               yyjson_val *value, struct bco_error *err) {
    const char *name = yyjson_get_str(value);
    if (!name || strlen(name) != yyjson_get_len(value) || !name[0] || name[0] == '.' || strchr(name, '/'))
        return bco_fail_at(err, BCO_EDATA, index, 0, yyjson_get_str(key),
                           "the shard '%s' is not a plain file name inside the folder", name ? name : "");
    char *path = bco_path_join(dir, name);
    if (!path) return bco_fail_memory(err);
    enum bco_code code = has_file(w, path) ? BCO_OK : add_mapped(w, path, err);
    free(path);
    return code;
}

static enum bco_code check_index(const struct bco_weights *w, yyjson_val *map, const char *index,
                                 struct bco_error *err) {
    size_t i, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(map, i, count, key, value) {
        const struct bco_tensor *tensor = bco_weights_find(w, yyjson_get_str(key));
        size_t length = tensor ? strlen(tensor->file) : 0, tail = yyjson_get_len(value);
        if (!tensor || length <= tail || tensor->file[length - tail - 1] != '/' ||
            strcmp(tensor->file + length - tail, yyjson_get_str(value)) != 0)
            return bco_fail_at(err, BCO_EDATA, index, 0, yyjson_get_str(key), "it is not in the shard '%s'",
                               yyjson_get_str(value));
    }
    return BCO_OK;
}

static enum bco_code add_shards(struct bco_weights *w, const char *dir, const char *index, yyjson_doc *doc,
                                struct bco_error *err) {
    size_t i, count;
    yyjson_val *key, *value, *map = yyjson_obj_get(yyjson_doc_get_root(doc), "weight_map");
    if (!yyjson_is_obj(map)) return bco_fail_at(err, BCO_EDATA, index, 0, "weight_map", "missing, or not an object");
    yyjson_obj_foreach(map, i, count, key, value) {
        enum bco_code code = add_shard(w, dir, index, key, value, err);
        if (code) return code;
    }
    enum bco_code code = sort_names(w, err);
    return code ? code : check_index(w, map, index, err);
}

static enum bco_code open_shards(struct bco_weights *w, const char *dir, const char *index,
                                 const struct bco_mapping *mapping, struct bco_error *err) {
    yyjson_read_err bad;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)mapping->bytes, mapping->size, 0, NULL, &bad);
    if (!doc && bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return bco_fail_memory(err);
    if (!doc) return bco_fail_at(err, BCO_EDATA, index, 0, NULL, "not JSON: %s at byte %zu", bad.msg, bad.pos);
    enum bco_code code = add_shards(w, dir, index, doc, err);
    yyjson_doc_free(doc);
    return code;
}

static bool absent(const char *path) {
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static enum bco_code open_folder(struct bco_weights *w, const char *dir, const char *single, const char *index,
                                 struct bco_error *err) {
    struct bco_mapping mapping;
    if (!absent(single)) return add_mapped(w, single, err);
    if (absent(index)) return bco_fail_at(err, BCO_EDATA, dir, 0, NULL, "no %s and no %s", SINGLE, INDEX);
    enum bco_code code = bco_map(&mapping, index, err);
    if (!code) code = open_shards(w, dir, index, &mapping, err);
    bco_unmap(&mapping);
    return code;
}

enum bco_code bco_weights_open(struct bco_weights **weights, const char *dir, struct bco_error *err) {
    char *single = bco_path_join(dir, SINGLE), *index = bco_path_join(dir, INDEX);
    enum bco_code code = begin(weights, err);
    if (!code && (!single || !index)) code = bco_fail_memory(err);
    if (!code) code = open_folder(*weights, dir, single, index, err);
    code = finish(weights, code, err);
    free(single);
    free(index);
    return code;
}

void bco_weights_close(struct bco_weights *w) {
    if (!w) return;
    for (size_t i = 0; i < w->file_count; i++) {
        free(w->files[i].path);
        bco_unmap(&w->files[i].mapping);
        yyjson_doc_free(w->files[i].header);
    }
    free(w->files);
    free(w->tensors);
    free(w->aliases);
    free(w);
}

/* ---- tensors ----------------------------------------------------------------- */

size_t bco_weights_count(const struct bco_weights *w) {
    return w->tensor_count;
}

const struct bco_tensor *bco_weights_tensor(const struct bco_weights *w, size_t i) {
    return &w->tensors[i];
}

static const struct bco_tensor *find_stored(const struct bco_weights *w, const char *name) {
    struct bco_tensor key = {.name = name};
    if (!w->tensor_count) return NULL;
    return bsearch(&key, w->tensors, w->tensor_count, sizeof *w->tensors, by_name);
}

const struct bco_tensor *bco_weights_find(const struct bco_weights *w, const char *name) {
    const struct bco_tensor *tensor = find_stored(w, name);
    for (size_t i = 0; !tensor && i < w->alias_count; i++)
        if (strcmp(w->aliases[i].name, name) == 0) tensor = find_stored(w, w->aliases[i].target);
    return tensor;
}

bool bco_tensor_readable(const struct bco_tensor *tensor) {
    return strcmp(tensor->dtype, "F32") == 0 || strcmp(tensor->dtype, "F16") == 0 || strcmp(tensor->dtype, "BF16") == 0;
}

/* NaN and infinities have all bits of the exponent. */
BCO_CLONES static bool all_finite(const float *x, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bad |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return bad == 0;
}

bool bco_tensor_read(const struct bco_tensor *tensor, size_t first, size_t count, float *out) {
    if (strcmp(tensor->dtype, "F32") == 0)
        memcpy(out, (const char *)tensor->data + 4 * first, 4 * count);
    else
        bco_widen((struct bco_half){tensor->data, strcmp(tensor->dtype, "BF16") == 0}, first, count, out);
    return all_finite(out, count);
}

void bco_tensor_let_go(const struct bco_tensor *tensor) {
    if (tensor->mapped) bco_map_let_go(tensor->data, tensor->bytes);
}

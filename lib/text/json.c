#include "text/json.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NESTING = 16 }; /* of sequences */

static enum bco_code read_all(FILE *in, const char *path, struct bco_buf *bytes, struct bco_error *err) {
    size_t got;
    do {
        char *room = bco_buf_reserve(bytes, 1 << 16);
        if (!room) return bco_fail_memory(err);
        got = fread(room, 1, 1 << 16, in);
        bytes->length += got;
    } while (got > 0);
    return ferror(in) ? bco_fail_errno(err, path, "cannot read") : BCO_OK;
}

static enum bco_code parse(yyjson_doc **doc, const char *path, struct bco_buf *bytes, struct bco_error *err) {
    yyjson_read_err why = {0};
    *doc = yyjson_read_opts(bytes->data, bytes->length, 0, NULL, &why);
    if (*doc) return BCO_OK;
    if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return bco_fail_memory(err);
    return bco_fail_at(err, BCO_EDATA, path, 0, NULL, "not JSON: %s at byte %zu", why.msg ? why.msg : "empty", why.pos);
}

enum bco_code bco_json_file(yyjson_doc **doc, const char *dir, const char *name, bool needed, struct bco_error *err) {
    *doc = NULL;
    struct bco_buf path = {0}, bytes = {0};
    enum bco_code code = BCO_OK;
    bco_buf_printf(&path, "%s/%s", dir, name);
    if (path.failed) return bco_fail_memory(err);
    FILE *in = fopen(path.data, "rb");
    if (!in && (errno == ENOENT || errno == ENOTDIR)) {
        if (needed) code = bco_fail_at(err, BCO_EDATA, path.data, 0, NULL, "no such file");
    } else if (!in) {
        code = bco_fail_errno(err, path.data, "cannot open");
    } else {
        code = read_all(in, path.data, &bytes, err);
        if (!code) code = parse(doc, path.data, &bytes, err);
        fclose(in);
    }
    bco_buf_free(&bytes);
    bco_buf_free(&path);
    return code;
}

enum bco_code bco_json_bool(yyjson_val *object, const char *key, bool fallback, bool *value, struct bco_error *err) {
    yyjson_val *v = yyjson_obj_get(object, key);
    *value = fallback;
    if (!v || yyjson_is_null(v)) return BCO_OK;
    if (!yyjson_is_bool(v)) return bco_fail(err, BCO_EDATA, "'%s' is not true or false", key);
    *value = yyjson_get_bool(v);
    return BCO_OK;
}

enum bco_code bco_json_size(yyjson_val *object, const char *key, size_t fallback, size_t *value,
                            struct bco_error *err) {
    yyjson_val *v = yyjson_obj_get(object, key);
    *value = fallback;
    if (!v || yyjson_is_null(v)) return BCO_OK;
    if (!yyjson_is_uint(v)) return bco_fail(err, BCO_EDATA, "'%s' is not a whole number from 0 on", key);
    *value = (size_t)yyjson_get_uint(v);
    return BCO_OK;
}

enum bco_code bco_json_text(yyjson_val *object, const char *key, const char **text, size_t *length,
                            struct bco_error *err) {
    yyjson_val *v = yyjson_obj_get(object, key);
    if (!yyjson_is_str(v)) return bco_fail(err, BCO_EDATA, "'%s' is not a string", key);
    *text = yyjson_get_str(v);
    *length = yyjson_get_len(v);
    return BCO_OK;
}

const char *bco_json_type(yyjson_val *object) {
    const char *type = yyjson_get_str(yyjson_obj_get(object, "type"));
    return type ? type : "";
}

enum bco_code bco_json_copy(yyjson_val *object, const char *key, char **text, size_t *length, struct bco_error *err) {
    const char *found;
    enum bco_code code = bco_json_text(object, key, &found, length, err);
    if (code) return code;
    *text = bco_strndup(found, *length);
    return *text ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code walk(yyjson_val *json, const char *list, int depth, bco_json_step *each, void *user,
                          struct bco_error *err) {
    if (!json || yyjson_is_null(json)) return BCO_OK;
    if (strcmp(bco_json_type(json), "Sequence") != 0) return each(user, json, err);
    if (depth == MAX_NESTING)
        return bco_fail(err, BCO_EDATA, "'%s' are nested too deeply, more than %d levels", list, MAX_NESTING);
    enum bco_code code = BCO_OK;
    size_t i, count;
    yyjson_val *step;
    yyjson_arr_foreach(yyjson_obj_get(json, list), i, count, step) {
        if (!code) code = walk(step, list, depth + 1, each, user, err);
    }
    return code;
}

enum bco_code bco_json_steps(yyjson_val *json, const char *list, bco_json_step *each, void *user,
                             struct bco_error *err) {
    return walk(json, list, 0, each, user, err);
}
